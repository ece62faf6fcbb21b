using System.Text.Json;
using Granary.Cli.Connection;

namespace Granary.Cli.Bench;

/// <summary>How the calls of a run were spread over the silos: by where the grains are afterwards, as <c>/admin/grains</c> tells administrators.</summary>
internal static class SiloShares
{
    private const int Asked = 200;

    /// <summary>The share of the calls by silo; null when it cannot be told, and then why.</summary>
    public static async Task<(IReadOnlyDictionary<string, double>? Shares, string? Problem)> FindAsync(HostClient host, LoadPlan plan, LoadRun run, CancellationToken cancellation)
    {
        // Evenly over the keys: their numbers may have something to do with where they are.
        var used = Enumerable.Range(0, run.CallsOfKey.Count).Where(i => run.CallsOfKey[i] > 0).ToArray();
        var step = Math.Max(1, used.Length / Asked);
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        var all = 0L;
        try
        {
            for (var i = 0; i < used.Length; i += step)
            {
                using var grain = await host.GetJsonAsync($"admin/grains/{Uri.EscapeDataString(plan.Service.Name)}/{Uri.EscapeDataString(run.KeyOf(used[i]))}", cancellation);
                if (!grain.RootElement.TryGetProperty("silo", out var silo) || silo.ValueKind != JsonValueKind.String) continue;
                var calls = run.CallsOfKey[used[i]];
                shares[silo.GetString()!] = shares.GetValueOrDefault(silo.GetString()!) + calls;
                all += calls;
            }
        }
        catch (CallFailedException refused)
        {
            if (all == 0) return (null, refused.Problem.Code is "PERMISSION_DENIED" or "UNAUTHENTICATED" ? "only the role admin is told" : $"the host says {refused.Problem.Code}");
        }

        return all == 0 ? (null, $"the host finds no grain of type '{plan.Service.Name}'") : (shares.ToDictionary(s => s.Key, s => s.Value / all, StringComparer.Ordinal), null);
    }
}
