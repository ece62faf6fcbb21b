using Granary.Hosting.Cluster;
using Microsoft.AspNetCore.Http;

namespace Granary.Hosting;

/// <summary>
/// Asks the host that runs in this container whether it is ready. For images without a shell and without curl: <c>HEALTHCHECK CMD ["dotnet", "Silo.dll", "--health"]</c>. It reads the settings the host reads, and starts nothing.
/// </summary>
internal static class HealthProbe
{
    private const int Ready = 0;
    private const int NotReady = 1;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks <c>/readyz</c>, for 5 s at most.</summary>
    /// <param name="arguments">The host's command line: it may say where the host listens.</param>
    /// <returns>0 when it is ready, 1 when it is not or does not answer; why is on standard error.</returns>
    internal static async Task<int> RunAsync(string[] arguments)
    {
        var configuration = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory }).Configuration;
        if (Address(configuration) is not { } address) return Complain("No address to ask. Write one into Urls, for example http://*:8080.");
        try
        {
            // This machine asks itself, by an address that is in no certificate.
            using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
            using var client = new HttpClient(handler) { Timeout = s_patience };
            using var answer = await client.GetAsync(new Uri(address, "/readyz"));
            return answer.IsSuccessStatusCode ? Ready : Complain($"{address}readyz answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return Complain($"{address}readyz does not answer: {error.Message}");
        }
    }

    /// <summary>The first address without TLS, else the first one, as seen from this machine; null when there is none with a port.</summary>
    internal static Uri? Address(IConfiguration configuration)
    {
        var own = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e["Url"]).OfType<string>().ToArray();
        if (own.Length == 0) own = (configuration["Urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var addresses = own.Select(HttpAddress.Parse).OfType<BindingAddress>().Where(a => a.Port != 0).ToList();
        return (addresses.Find(a => a.Scheme == "http") ?? addresses.FirstOrDefault()) is { } address ? new Uri(HttpAddress.Local(address)) : null;
    }

    private static int Complain(string text)
    {
        Console.Error.WriteLine(text);
        return NotReady;
    }
}
