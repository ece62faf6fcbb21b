using Granary.Engine.Collection;
using Granary.Engine.Membership;
using Granary.Engine.Transport;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>Starts a silo with its host and stops it with it.</summary>
/// <remarks>
/// Start, by lifecycle stage:
/// <code>
///   RuntimeInitialize    listen; the address is final
///   RuntimeServices      row Joining, views are watched; idle collection
///   ...                  what others have subscribed: storages, reminders, the application's services
///   BecomeActive         row Active: calls and placements arrive
///   Active               startup tasks
/// </code>
/// Stop, downwards:
/// <code>
///   1 row ShuttingDown: nothing new is placed here, peers send new calls elsewhere
///   2 every activation finishes what it runs and what waits, deactivates and leaves the directory; bounded by DrainTimeout
///   3 the stages stop: what still waits is sent on
///   4 connections closed, once what was accepted has been answered
///   5 no turn runs any more; row Dead: peers that see it give up what they still wait for, so it comes last
/// </code>
/// All of it takes at most DrainTimeout and five seconds, whatever cannot be reached; a cancelled token or a second signal cuts it short.
/// A silo that may not run grains any more (<see cref="LivenessAgent.Fenced"/>) skips 1 to 4, and ends its process if the host does not.
/// </remarks>
internal sealed partial class SiloHost : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan s_stopMargin = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(5);

    private readonly IServiceProvider _services;
    private readonly SiloCore _silo;
    private readonly SiloLifecycle _lifecycle;
    private readonly SiloMembership _membership;
    private readonly EngineOptions _options;
    private readonly ILogger _logger;
    private readonly LivenessAgent _liveness;
    private bool _isStopped;
    private bool _listens;

    public SiloHost(
        IServiceProvider services, SiloCore silo, SiloLifecycle lifecycle, SiloMembership membership, LivenessAgent liveness, IOptions<EngineOptions> options, ILogger<SiloHost> logger)
    {
        _liveness = liveness;
        _services = services;
        _silo = silo;
        _lifecycle = lifecycle;
        _membership = membership;
        _options = options.Value;
        _logger = logger;
    }

    /// <summary>Collects idle activations; there once the silo has started.</summary>
    internal ActivationCollector? Collector { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _silo.GrainRuntime = _services.GetRequiredService<IGrainRuntime>();
        _lifecycle.Subscribe("listener", ServiceLifecycleStage.RuntimeInitialize, ListenAsync, CloseAsync);
        _lifecycle.Subscribe("membership", ServiceLifecycleStage.RuntimeServices, JoinAsync, StopCollectingAsync);
        _lifecycle.Subscribe("activation", ServiceLifecycleStage.BecomeActive, _membership.BecomeActiveAsync, DrainAsync);
        foreach (var participant in _services.GetServices<ILifecycleParticipant<ISiloLifecycle>>()) participant.Participate(_lifecycle);
        try
        {
            await _lifecycle.OnStart(cancellationToken);
        }
        catch (Exception error)
        {
            LogStartFailed(_logger, _silo.Address, error);
            await StopAsync(new CancellationToken(canceled: true));
            throw;
        }

        LogStarted(_logger, _silo.Address, _silo.Types.Classes.Count());
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_isStopped) return;
        _isStopped = true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.DrainTimeout + s_stopMargin);
        using var signals = _options.ExitWhenFenced ? new StopSignals(limit) : null;
        try
        {
            // What does not look at its token is not waited for.
            await _lifecycle.OnStop(limit.Token).WaitAsync(_options.DrainTimeout + s_stopLimit, TimeProvider.System, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            LogStopTimeout(_logger, _silo.Address, _options.DrainTimeout + s_stopLimit);
            await KillAsync();
        }

        LogStopped(_logger, _silo.Address);
    }

    /// <summary>As if the process had died: nobody is told, nothing is drained.</summary>
    internal async Task KillAsync()
    {
        _isStopped = true;
        _silo.AcceptsActivations = false;
        _membership.Dispose();
        Collector?.Dispose();
        foreach (var activation in _silo.Table.All()) activation.ExtrasOrNull?.StopTimers();
        await _silo.Network.StopAsync(TimeSpan.Zero);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStopped) await KillAsync();
        _silo.Deadlines.Dispose();
    }

    [LoggerMessage(1045, LogLevel.Warning, "The silo {Silo} did not stop within {Limit}; what was left is cut off.")]
    private static partial void LogStopTimeout(ILogger logger, SiloAddress silo, TimeSpan limit);

    [LoggerMessage(1046, LogLevel.Critical, "The silo {Silo} may not run grains any more and ends. {Reason} Its grains are taken over by others; start it again.")]
    private static partial void LogFenced(ILogger logger, SiloAddress silo, string reason);

    [LoggerMessage(1041, LogLevel.Information, "The silo {Silo} has started; it hosts {Classes} grain classes.")]
    private static partial void LogStarted(ILogger logger, SiloAddress silo, int classes);

    [LoggerMessage(1042, LogLevel.Error, "The silo {Silo} could not start.")]
    private static partial void LogStartFailed(ILogger logger, SiloAddress silo, Exception error);

    [LoggerMessage(1043, LogLevel.Information, "The silo {Silo} has stopped.")]
    private static partial void LogStopped(ILogger logger, SiloAddress silo);

    [LoggerMessage(1044, LogLevel.Warning, "After {Timeout} {Count} grains of the silo {Silo} still have not deactivated; it stops without them.")]
    private static partial void LogDrainTimeout(ILogger logger, TimeSpan timeout, int count, SiloAddress silo);

    private Task ListenAsync(CancellationToken cancellation)
    {
        _listens = _services.GetRequiredService<SiloNetwork>().Open();
        _liveness.Fenced += OnFenced;
        _membership.Changed += _ => (_silo.Network as PeerNetwork)?.PublishView();
        return Task.CompletedTask;
    }

    private async Task CloseAsync(CancellationToken cancellation)
    {
        await _silo.Network.StopAsync(cancellation.IsCancellationRequested || _silo.Fence.IsClosed ? TimeSpan.Zero : TimeSpan.FromSeconds(1));
        await _membership.DieAsync(CancellationToken.None);
    }

    private Task JoinAsync(CancellationToken cancellation)
    {
        Collector = new ActivationCollector(_silo, _services.GetRequiredService<IOptions<GrainCollectionOptions>>(), _services.GetRequiredService<TimeProvider>());
        return _membership.JoinAsync(_listens, cancellation);
    }

    private Task StopCollectingAsync(CancellationToken cancellation)
    {
        Collector?.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Deactivates everything. A grain that runs may need another one: as long as this is the only silo, that one is still activated, and goes in its turn.</summary>
    private async Task DrainAsync(CancellationToken cancellation)
    {
        _silo.AcceptsActivations = false;
        if (_silo.Fence.IsClosed) return;
        await _membership.LeaveAsync(CancellationToken.None);
        var emptied = _silo.Table.WhenEmpty();
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo is stopping.");
        foreach (var activation in _silo.Table.All()) activation.RequestDeactivation(reason);
        try
        {
            // Draining is bounded in real time, whatever clock the grains have.
            await emptied.WaitAsync(_options.DrainTimeout, TimeProvider.System, cancellation);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            LogDrainTimeout(_logger, _options.DrainTimeout, _silo.Table.Count, _silo.Address);
        }
    }

    /// <summary>This silo may not run grains any more. On the thread of its lease, which user code cannot keep busy.</summary>
    private void OnFenced(string reason)
    {
        LogFenced(_logger, _silo.Address, reason);
        _silo.AcceptsActivations = false;
        foreach (var activation in _silo.Table.All()) activation.ExtrasOrNull?.StopTimers();
        (_silo.Network as PeerNetwork)?.Abort();
        var lifetime = _services.GetService<IHostApplicationLifetime>();
        if (_options.ExitWhenFenced) ProcessEnd.Begin($"The silo {_silo.Address} may not run grains any more. {reason}", lifetime);
        else ThreadPool.UnsafeQueueUserWorkItem(static host => host?.StopApplication(), lifetime, preferLocal: false);
    }
}
