using System.Diagnostics.Metrics;
using System.Net;
using Granary.Gateway.Admission;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests.Support;

/// <summary>The rate limits of a gateway without the gateway. A caller is written <c>subject tenant address method</c>, with <c>-</c> for none; the methods are One and Two.</summary>
internal sealed class Limiting : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Dictionary<(string Policy, string Method), RateLimitSet> _limits = [];

    public Limiting(params (string Name, RateLimitPolicy Policy)[] policies)
        : this(1000, policies)
    {
    }

    public Limiting(int maximumBuckets, params (string Name, RateLimitPolicy Policy)[] policies)
        : this(null, new TestClock(), options => options.MaximumBuckets = maximumBuckets, policies)
    {
    }

    public Limiting(ISharedTokens? store, TestClock clock, Action<RateLimitOptions>? configure, params (string Name, RateLimitPolicy Policy)[] policies)
    {
        Clock = clock;
        var options = new GatewayOptions();
        foreach (var (name, policy) in policies) options.RateLimits.Policies[name] = policy;
        configure?.Invoke(options.RateLimits);
        var instruments = new GatewayInstruments(_services.GetRequiredService<IMeterFactory>(), RpcCatalog.FromLoadedAssemblies());
        Shared = new SharedRateLimits(Options.Create(options), clock, instruments, NullLogger<SharedRateLimits>.Instance, store);
        Limiter = new RateLimiter(new RpcCatalog([]), new OptionsMonitor<GatewayOptions>(new OptionsFactory<GatewayOptions>([new ConfigureOptions<GatewayOptions>(o => o.RateLimits = options.RateLimits)], []), [], new OptionsCache<GatewayOptions>()), clock, instruments, Shared);
    }

    public TestClock Clock { get; }

    public RateLimiter Limiter { get; }

    public SharedRateLimits Shared { get; }

    public RateLimitOutcome Take(string policies, string call) => Limiter.Take(Limits(policies, call), Caller(call));

    public ValueTask<RateLimitOutcome> AdmitAsync(string policies, string call) => Limiter.AdmitAsync(Limits(policies, call), Caller(call));

    public void Dispose()
    {
        Shared.Dispose();
        _services.Dispose();
    }

    private static RateLimitCaller Caller(string call)
    {
        var parts = call.Split(' ');
        return new RateLimitCaller(parts[0] == "-" ? "" : parts[0], parts[1] == "-" ? "" : parts[1], RateLimitCaller.NetworkOf(IPAddress.Parse(parts[2])));
    }

    // Any two methods of one service will do.
    private RateLimitSet Limits(string policies, string call)
    {
        var name = call.Split(' ')[3];
        if (_limits.TryGetValue((policies, name), out var found)) return found;
        var method = RpcCatalog.FromLoadedAssemblies().Services.Single(s => s is { Name: "probe", Version: 1 }).Methods.Single(m => m.Name == (name == "One" ? "Multiply" : "Nothing"));
        return _limits[(policies, name)] = new RateLimitSet(Limiter.Find(policies, "the test").Rules.Select(r => RateLimitSet.Rule(r.Limit, method)));
    }
}
