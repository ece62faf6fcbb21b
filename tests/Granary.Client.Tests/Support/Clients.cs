using Granary.Client.Calls;

namespace Granary.Client.Tests.Support;

internal static class Clients
{
    /// <summary>A client of a gateway, as alice.</summary>
    public static GranaryClient Client(this GatewayHost host, Action<GranaryClientOptions>? configure = null) => Of(
        options =>
        {
            options.TokenProvider = _ => new(host.Token("alice", "user"));
            configure?.Invoke(options);
        },
        host.Address);

    /// <summary>A client of these addresses, without a token.</summary>
    public static GranaryClient Of(Action<GranaryClientOptions>? configure, params Uri[] addresses) => new(Options(configure, addresses));

    public static GranaryClientOptions Options(Action<GranaryClientOptions>? configure, params Uri[] addresses)
    {
        // Longer than any machine needs: a test that is about time says so.
        var options = new GranaryClientOptions { Endpoints = [.. addresses.Select(a => a.GetLeftPart(UriPartial.Authority))], Deadline = TimeSpan.FromSeconds(60), ConnectTimeout = TimeSpan.FromSeconds(30) };
        options.Retries.FirstDelay = TimeSpan.FromMilliseconds(1);
        options.Retries.MaximumDelay = TimeSpan.FromMilliseconds(5);
        options.Health.FirstBackoff = TimeSpan.FromMilliseconds(20);
        options.Health.MaximumBackoff = TimeSpan.FromMilliseconds(100);
        options.Health.ProbeTimeout = TimeSpan.FromSeconds(30);
        configure?.Invoke(options);
        return options;
    }

    /// <summary>A client whose inside can be seen.</summary>
    public static (GranaryClient Client, ClientRuntime Runtime) Open(GranaryClientOptions options, Func<string, CancellationToken, Task<System.Net.IPAddress[]>>? resolve = null)
    {
        var runtime = ClientRuntime.Create(options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, TimeProvider.System, resolve);
        return (new GranaryClient(runtime, new CallOptions(), owns: true), runtime);
    }
}
