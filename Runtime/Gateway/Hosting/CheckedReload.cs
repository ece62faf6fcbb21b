using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Granary.Gateway;

/// <summary>
/// The gateway's options as they change while it runs. A change with a fault in it is not taken: it is logged with everything that is wrong, and what held before goes on to hold. (.NET's own monitor forgets what held before,
/// and throws at whoever asks next.) Thread-safe.
/// </summary>
internal sealed class CheckedReload : IOptionsMonitor<GatewayOptions>, IDisposable
{
    private readonly IOptionsFactory<GatewayOptions> _factory;
    private readonly ILogger<CheckedReload> _log;
    private readonly IDisposable[] _watches;
    private readonly Lock _lock = new();
    private volatile GatewayOptions _current;

    /// <exception cref="OptionsValidationException">The options of the start are wrong.</exception>
    public CheckedReload(IOptionsFactory<GatewayOptions> factory, IEnumerable<IOptionsChangeTokenSource<GatewayOptions>> sources, ILogger<CheckedReload> log)
    {
        _factory = factory;
        _log = log;
        _current = factory.Create(Options.DefaultName);
        _watches = [.. sources.Select(s => ChangeToken.OnChange(s.GetChangeToken, Reload))];
    }

    private event Action<GatewayOptions, string?>? Changed;

    public GatewayOptions CurrentValue => _current;

    public GatewayOptions Get(string? name) => string.IsNullOrEmpty(name) ? _current : _factory.Create(name);

    public IDisposable? OnChange(Action<GatewayOptions, string?> listener)
    {
        Changed += listener;
        return new Subscription(() => Changed -= listener);
    }

    public void Dispose()
    {
        foreach (var watch in _watches) watch.Dispose();
    }

    private void Reload()
    {
        // One after another: files that belong together often change together.
        lock (_lock)
        {
            Try(() => _current = _factory.Create(Options.DefaultName), () =>
            {
                // Each by itself: what one part cannot take, the others still do.
                foreach (var listener in Changed?.GetInvocationList() ?? []) Try(() => ((Action<GatewayOptions, string?>)listener)(_current, null));
            });
        }
    }

    private void Try(Action change, Action? then = null)
    {
        try
        {
            change();
        }
        catch (OptionsValidationException error)
        {
            GatewayLog.ReloadRefused(_log, string.Join(" ", error.Failures));
            return;
        }
        catch (InvalidOperationException error)
        {
            // A value that is none of its type.
            GatewayLog.ReloadRefused(_log, error.Message);
            return;
        }

        then?.Invoke();
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
