using Granary.Engine.Management;
using Granary.Engine.Transport;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>The clock of leases. The machine's, whatever clock the grains have; a test may have its own, and then takes the steps of <see cref="LivenessAgent"/> itself.</summary>
internal sealed record LivenessClock(TimeProvider Time)
{
    internal bool IsReal => ReferenceEquals(Time, TimeProvider.System);
}

/// <summary>
/// Carries out what the silo's <see cref="FailureDetector"/> decides, on a thread of its own: user code may keep every thread of the pool busy, the lease is renewed all the same. Thread-safe.
/// </summary>
/// <remarks>
/// The detector is used under one lock, by this thread and by whoever learns something; nothing waits under it. After each use <see cref="Activations.TurnFence"/> is moved to where the lease ends now.
/// </remarks>
internal sealed partial class LivenessAgent : IDisposable
{
    /// <summary>Steps in a renew period.</summary>
    private const int StepsInPeriod = 8;

    private readonly SiloCore _silo;
    private readonly IMembershipTable _table;
    private readonly IServiceProvider _services;
    private readonly LeaseTimings _timings;
    private readonly LivenessClock _clock;
    private readonly ILogger _logger;
    private readonly long _start;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private FailureDetector? _detector;
    private IDisposable? _suspicions;
    private Thread? _thread;
    private volatile bool _isStopped;
    private volatile bool _isUnreachable;
    private int _pending;

    public LivenessAgent(SiloCore silo, IMembershipTable table, IServiceProvider services, IOptions<EngineOptions> options, LivenessClock clock, ILogger<LivenessAgent> logger)
    {
        _silo = silo;
        _table = table;
        _services = services;
        _timings = LeaseTimings.From(options.Value);
        _clock = clock;
        _logger = logger;
        _start = clock.Time.GetTimestamp();
    }

    /// <summary>The silo must not run grains any more; on the agent's thread, once. The fence is closed by then.</summary>
    internal event Action<string>? Fenced;

    /// <summary>The membership table has lost what this silo had written. On the agent's thread: only to begin something.</summary>
    internal event Action? TableLost;

    internal LeaseTimings Timings => _timings;

    /// <summary>Questions to other silos that are not answered yet.</summary>
    internal int Pending => Volatile.Read(ref _pending);

    /// <summary>The time by the clock of leases.</summary>
    internal TimeSpan Now => _clock.Time.GetElapsedTime(_start);

    /// <summary>How long ago the last successful renewal was sent; null for a silo that has none.</summary>
    internal TimeSpan? LeaseAge
    {
        get
        {
            lock (_lock) return _detector?.RenewedAt is { } at ? Now - at : null;
        }
    }

    /// <summary>Whether the silo may run turns and the table has answered lately. A silo that nobody can take over from needs no lease.</summary>
    internal bool IsLeaseHeld
    {
        get
        {
            if (_silo.Locator.IsLocal) return true;
            lock (_lock) return _detector is { IsFenced: false } detector && detector.CanRenew(Now);
        }
    }

    /// <summary>The silos that this one has witnessed against: nobody is at their address, or their lease stands still.</summary>
    internal IReadOnlyList<SiloAddress> Suspects
    {
        get
        {
            lock (_lock) return _detector is null ? [] : [.. _detector.Suspects];
        }
    }

    /// <summary>Begins, once the silo's row is written.</summary>
    /// <param name="sentAt">When that was sent.</param>
    /// <param name="view">The view that has it.</param>
    internal void Start(TimeSpan sentAt, MembershipView view)
    {
        lock (_lock)
        {
            _detector = new FailureDetector(_silo.Address, _timings);
            _detector.OnJoined(Now, sentAt, view);
        }

        MembershipMetrics.Add(this, _silo);
        MoveFence();
        _suspicions = _table.WatchSuspicions(suspicion => Tell((detector, now) => detector.OnSuspicion(now, suspicion)));
        if (!_clock.IsReal) return;
        _thread = new Thread(Run) { IsBackground = true, Name = $"Granary lease of {_silo.Address}", Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>The table is another one than before: asks it at once how this silo stands.</summary>
    internal void OnTableChanged() => Tell((detector, now) => detector.OnTableChanged(now));

    internal void OnView(MembershipView view) => Tell((detector, now) => detector.OnView(now, view));

    internal void OnPeerLost(SiloAddress silo) => Tell((detector, now) => detector.OnPeerLost(now, silo));

    /// <summary>Another silo cannot renew and asks for support.</summary>
    internal SupportAnswer OnAsked(SiloAddress asker)
    {
        lock (_lock) return _isStopped || _detector is null ? SupportAnswer.None : _detector.OnAsked(Now, asker);
    }

    /// <summary>Ends the silo's turns for good, for a reason of its own.</summary>
    internal void Fence(string reason)
    {
        Tell((detector, _) => detector.BeFenced(reason));
    }

    /// <summary>No more renewals; the lease runs out. Turns may run to its end, unless the fence is closed.</summary>
    internal void Stop()
    {
        _isStopped = true;
        MembershipMetrics.Remove(this);
        _suspicions?.Dispose();
        _wake.Set();
    }

    /// <summary>Forgets the lease, for a process that ends in an orderly way or as if it were killed: nothing is fenced, and nothing done, any more.</summary>
    public void Dispose()
    {
        Stop();
        lock (_lock) _detector = null;
    }

    /// <summary>One round: asks the detector and does what it says.</summary>
    internal void Step()
    {
        DetectorAction[] actions;
        lock (_lock)
        {
            if (_detector is null || _isStopped) return;
            actions = [.. _detector.Tick(Now)];
        }

        MoveFence();
        foreach (var action in actions)
        {
            try
            {
                Perform(action);
            }
            catch (Exception error)
            {
                LogStepFailed(_logger, action.GetType().Name, error);
            }
        }
    }

    [LoggerMessage(1091, LogLevel.Error, "A step of the membership ({Step}) failed; it is repeated.")]
    private static partial void LogStepFailed(ILogger logger, string step, Exception error);

    [LoggerMessage(1092, LogLevel.Warning, "The membership table cannot be reached: {Problem} The silo tries again; without it, it goes on for {Lease}, and longer only together with a majority of the cluster.")]
    private static partial void LogUnreachable(ILogger logger, string problem, TimeSpan lease);

    [LoggerMessage(1093, LogLevel.Information, "The membership table can be reached again.")]
    private static partial void LogReachable(ILogger logger);

    [LoggerMessage(1094, LogLevel.Warning, "The silo {Silo} is suspected: nobody is at its address, or its lease is not renewed.")]
    private static partial void LogSuspected(ILogger logger, SiloAddress silo);

    [LoggerMessage(1095, LogLevel.Warning, "The silo {Silo} is declared dead: {Reason}.")]
    private static partial void LogDeclared(ILogger logger, SiloAddress silo, string reason);

    [LoggerMessage(1096, LogLevel.Warning, "The lease of this silo is about to end and the membership table is out of reach; it asks {Silo} whether that is so for all.")]
    private static partial void LogAsks(ILogger logger, SiloAddress silo);

    private void Run()
    {
        var period = _timings.RenewPeriod / StepsInPeriod;
        while (!_isStopped)
        {
            Step();
            _wake.WaitOne(period);
        }
    }

    /// <summary>Tells the detector something, and has what follows from it done soon.</summary>
    private void Tell(Action<FailureDetector, TimeSpan> tell)
    {
        lock (_lock)
        {
            if (_detector is null || _isStopped) return;
            tell(_detector, Now);
        }

        MoveFence();
        _wake.Set();
    }

    private void MoveFence()
    {
        // This clock first: should the process stand still between the two, the lease only ends the earlier.
        var ticks = Environment.TickCount64;
        bool isOver;
        TimeSpan left;
        lock (_lock)
        {
            if (_detector is null) return;
            var (now, end) = (Now, _detector.FenceAt);
            isOver = _detector.IsFenced;
            left = end > now ? end - now : TimeSpan.Zero;
            if (!isOver)
            {
                // Under the lock, so that an earlier reading never comes last. A clock of a test's moves when the test says so.
                _silo.Fence.MoveTo(_clock.IsReal ? ticks + (long)left.TotalMilliseconds : left > TimeSpan.Zero ? long.MaxValue : long.MinValue);
            }
        }

        if (isOver) _silo.Fence.Close();
    }

    private void Perform(DetectorAction action)
    {
        switch (action)
        {
            case RenewLease renewal:
                Renew(renewal);
                break;
            case ReadTable:
                Forget(_table.ReadAsync(Limit()));
                break;
            case RegisterAgain:
                TableLost?.Invoke();
                break;
            case ProbeSilo probe:
                Count(ProbeAsync(probe.Silo));
                break;
            case DialSilo dial:
                Count(DialAsync(dial.Silo));
                break;
            case SuspectSilo suspect:
                LogSuspected(_logger, suspect.Silo);
                Then(_table.SuspectAsync(suspect.Silo, _silo.Address, suspect.Beat, Limit()), static (detector, now, _) => detector.OnSuspected(now));
                break;
            case DeclareSiloDead declare:
                MembershipMetrics.Declared();
                LogDeclared(_logger, declare.Silo, declare.Reason);
                Forget(_table.DeclareDeadAsync(declare.Silo, declare.Beat, _silo.Address, declare.Reason, Limit()));
                break;
            case AskForSupport ask:
                LogAsks(_logger, ask.Silo);
                Count(AskAsync(ask));
                break;
            case Fence fence:
                _isStopped = true;
                _silo.Fence.Close();
                Fenced?.Invoke(fence.Reason);
                break;
        }
    }

    private void Count(Task question)
    {
        Interlocked.Increment(ref _pending);
        question.ContinueWith(static (_, agent) => Interlocked.Decrement(ref ((LivenessAgent)agent!)._pending), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private CancellationToken Limit() => new CancellationTokenSource(_timings.RenewTimeout, TimeProvider.System).Token;

    /// <summary>Goes on wherever the answer comes: no thread of the pool is needed.</summary>
    private void Renew(RenewLease renewal)
    {
        Task<Renewal> task;
        try
        {
            task = _table.RenewAsync(_silo.Address, renewal.SeenVersion, Limit());
        }
        catch (Exception error)
        {
            task = Task.FromException<Renewal>(error);
        }

        task.ContinueWith(
            answered =>
            {
                MembershipMetrics.Renewed(answered.IsCompletedSuccessfully);
                if (answered.IsCompletedSuccessfully)
                {
                    if (_isUnreachable) LogReachable(_logger);
                    _isUnreachable = false;
                    var answer = answered.Result;
                    Tell((detector, now) => detector.OnRenewed(now, renewal, answer));
                    return;
                }

                if (!_isUnreachable && !_isStopped) LogUnreachable(_logger, answered.Exception?.InnerException?.Message ?? $"It did not answer within {_timings.RenewTimeout}.", _timings.Lease);
                _isUnreachable = true;
                Tell((detector, _) => detector.OnRenewFailed(renewal));
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Then<T>(Task<T> task, Action<FailureDetector, TimeSpan, T> told) => task.ContinueWith(
        done =>
        {
            if (done.IsCompletedSuccessfully) Tell((detector, now) => told(detector, now, done.Result));
            else _ = done.Exception; // it is repeated
        },
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>What comes of it is seen elsewhere; what goes wrong is repeated.</summary>
    private static void Forget(Task task) => task.ContinueWith(static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private ISiloControl ControlOf(SiloAddress silo) => _services.GetRequiredService<IGrainFactory>().GetGrain<ISiloControl>(SiloControl.IdIn(silo));

    private async Task ProbeAsync(SiloAddress silo)
    {
        try
        {
            await ControlOf(silo).Ping().WaitAsync(_timings.ProbePeriod * 2, TimeProvider.System).ConfigureAwait(false);
        }
        catch (Exception)
        {
            Tell((detector, now) => detector.OnProbeFailed(now, silo));
        }
    }

    private async Task DialAsync(SiloAddress silo)
    {
        var outcome = DialOutcome.Unknown;
        try
        {
            if (_silo.Network is PeerNetwork network) outcome = await network.LookForAsync(silo, _timings.RetryPeriod * 2).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The network stops.
        }

        Tell((detector, now) => detector.OnDialed(now, silo, outcome));
    }

    private async Task AskAsync(AskForSupport ask)
    {
        var answer = SupportAnswer.None;
        try
        {
            answer = (SupportAnswer)await ControlOf(ask.Silo).AskSupport(_silo.Address.ToParsableString()).WaitAsync(_timings.AskPeriod, TimeProvider.System).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Nobody answered: no support.
        }

        Tell((detector, _) => detector.OnAnswer(ask.Silo, ask.Round, answer));
    }
}
