using System.Globalization;
using System.Net;
using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>
/// Silos that are nothing but their <see cref="FailureDetector"/>, one table, and a world that delays, loses, cuts, pauses, kills and drifts, all in simulated time and from one seed.
/// After every event it checks, from outside, that no silo may run a turn after the table has had it declared dead.
/// </summary>
/// <remarks>
/// Every message takes its own random time, so later ones overtake earlier ones, also those to the table. A message to the table may be lost on its way there (nothing happens), or its answer on the way back
/// (it happened, and the sender does not know).
/// </remarks>
internal sealed class ModelCluster
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly List<string> _trace = [];
    private readonly List<Watcher> _watchers = [];
    private long _eventOrder;

    internal ModelCluster(int seed, LeaseTimings timings)
    {
        Random = new Random(seed);
        Timings = timings;
        Table = new InMemoryMembershipTable();
    }

    internal Random Random { get; }

    internal LeaseTimings Timings { get; }

    internal InMemoryMembershipTable Table { get; private set; }

    internal List<ModelSilo> Silos { get; } = [];

    /// <summary>Simulated real time.</summary>
    internal TimeSpan Now { get; private set; }

    /// <summary>How long messages take, one way.</summary>
    internal TimeSpan MostDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The share of messages that are lost.</summary>
    internal double Loss { get; set; }

    internal string Trace => string.Join(Environment.NewLine, _trace.TakeLast(400));

    internal int Declared { get; private set; }

    internal int Extended { get; set; }

    internal ModelSilo Add(double rate = 1)
    {
        var silo = new ModelSilo(this, Silos.Count, rate);
        Silos.Add(silo);
        silo.Join();
        return silo;
    }

    /// <summary>Lets simulated time pass.</summary>
    internal void Run(TimeSpan time)
    {
        var end = Now + time;
        while (_events.TryPeek(out _, out var next) && next.At <= end)
        {
            var action = _events.Dequeue();
            Now = next.At;
            action();
            Check();
        }

        Now = end;
        Check();
    }

    /// <summary>Lets time pass until something holds; how long it took.</summary>
    internal TimeSpan RunUntil(Func<bool> condition, TimeSpan atMost)
    {
        var start = Now;
        while (!condition())
        {
            Assert.True(Now - start <= atMost, $"It did not happen within {atMost}.{Environment.NewLine}{Trace}");
            Run(TimeSpan.FromMilliseconds(10));
        }

        return Now - start;
    }

    internal void At(TimeSpan delay, Action action) => _events.Enqueue(action, (Now + delay, _eventOrder++));

    internal TimeSpan Delay() => MostDelay * Random.NextDouble();

    internal bool IsLost() => Random.NextDouble() < Loss;

    /// <summary>The table loses everything.</summary>
    internal void LoseTable()
    {
        Write("the table is lost");
        Table = new InMemoryMembershipTable();
        foreach (var watcher in _watchers) watcher.Watch(Table);
    }

    internal void Watch(Action<MembershipView> onView, Action<Suspicion> onSuspicion)
    {
        var watcher = new Watcher(onView, onSuspicion);
        _watchers.Add(watcher);
        watcher.Watch(Table);
    }

    internal void Write(string what) => _trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds,9:0.000} {what}"));

    internal void OnDeclared(SiloAddress by, SiloAddress silo, string reason)
    {
        Declared++;
        Write($"{by.Endpoint.Port} declared {silo.Endpoint.Port} dead: {reason}");
    }

    /// <summary>The invariant.</summary>
    private void Check()
    {
        foreach (var silo in Silos)
        {
            // Once dead always dead, also when the table has forgotten it: its grains have been taken over.
            if (Table.View.Find(silo.Address) is { Status: SiloStatus.Dead }) silo.WasDeclaredDead = true;
            if (silo.WasDeclaredDead && silo.MayRunTurns) Assert.Fail($"{silo} may run turns and has been declared dead.{Environment.NewLine}{Trace}");
        }
    }

    private sealed class Watcher(Action<MembershipView> onView, Action<Suspicion> onSuspicion)
    {
        internal void Watch(InMemoryMembershipTable table)
        {
            table.Watch(onView);
            table.WatchSuspicions(onSuspicion);
        }
    }
}

/// <summary>One silo of the model.</summary>
internal sealed class ModelSilo
{
    private readonly ModelCluster _cluster;
    private readonly double _rate;
    private readonly TimeSpan _clockOffset;
    private readonly HashSet<ModelSilo> _cutFrom = [];
    private readonly List<Action> _whilePaused = [];
    private SiloEntry _entry;
    private TimeSpan _knownFence = TimeSpan.MaxValue;

    internal ModelSilo(ModelCluster cluster, int number, double rate)
    {
        _cluster = cluster;
        _rate = rate;
        _clockOffset = TimeSpan.FromSeconds(cluster.Random.Next(1, 100_000));
        Address = SiloAddress.New(IPAddress.Loopback, 1 + number, 1);
        Detector = new FailureDetector(Address, cluster.Timings);
        _entry = new SiloEntry(Address, $"silo {number + 1}", SiloStatus.Active, [], [], DateTimeOffset.UnixEpoch);
    }

    internal SiloAddress Address { get; }

    internal FailureDetector Detector { get; }

    internal bool IsKilled { get; private set; }

    internal bool IsPaused { get; private set; }

    internal bool IsCutFromTable { get; set; }

    internal bool WasDeclaredDead { get; set; }

    internal bool IsFenced => Detector.IsFenced;

    internal SiloStatus? Status => _cluster.Table.View.Find(Address)?.Status;

    /// <summary>What the check at the start of a turn says.</summary>
    internal bool MayRunTurns => !IsKilled && Clock < Detector.FenceAt;

    internal TimeSpan Clock => _clockOffset + (_cluster.Now * _rate);

    public override string ToString() => $"silo {Address.Endpoint.Port}";

    internal void Join()
    {
        Say("joins");
        var view = _cluster.Table.WriteAsync(_entry, CancellationToken.None).Result;
        Detector.OnJoined(Clock, Clock, view);
        _cluster.Watch(
            view => FromTable(() => Detector.OnView(Clock, view)),
            suspicion => FromTable(() => Detector.OnSuspicion(Clock, suspicion)));
        Tick();
    }

    internal void Kill()
    {
        Say("is killed");
        IsKilled = true;
        foreach (var other in _cluster.Silos.Where(s => s != this)) other.LoseConnection(this);
    }

    internal void Pause()
    {
        Say("is paused");
        IsPaused = true;
    }

    internal void Resume()
    {
        if (!IsPaused) return;
        Say("goes on");
        IsPaused = false;
        var late = _whilePaused.ToArray();
        _whilePaused.Clear();
        // What came meanwhile is worked off in any order, before or after the timer.
        _cluster.Random.Shuffle(late);
        foreach (var action in late) _cluster.At(_cluster.Delay() / 10, () => Do(action));
    }

    internal void CutFrom(ModelSilo other)
    {
        Say($"is cut from {other}");
        _cutFrom.Add(other);
        other._cutFrom.Add(this);
    }

    internal void Heal(ModelSilo other)
    {
        _cutFrom.Remove(other);
        other._cutFrom.Remove(this);
    }

    internal void LoseConnection(ModelSilo other)
    {
        if (!IsCutFrom(other)) _cluster.At(_cluster.Delay(), () => Do(() => Detector.OnPeerLost(Clock, other.Address)));
    }

    private bool IsCutFrom(ModelSilo other) => _cutFrom.Contains(other);

    private void Say(string what) => _cluster.Write($"{this} {what}");

    private void Do(Action action)
    {
        if (IsKilled || Detector.IsFenced) return;
        if (IsPaused) _whilePaused.Add(action);
        else action();
    }

    private void FromTable(Action action)
    {
        if (IsCutFromTable || _cluster.IsLost()) return;
        _cluster.At(_cluster.Delay(), () => Do(action));
    }

    /// <summary>A step of the table: lost before, done and its answer lost, or done and answered.</summary>
    private void ToTable(Action<InMemoryMembershipTable> step)
    {
        if (IsCutFromTable || _cluster.IsLost()) return;
        _cluster.At(_cluster.Delay(), () => step(_cluster.Table));
    }

    private void Tick()
    {
        if (IsKilled) return;
        // The thread is woken at least every so often; a little late, sometimes.
        _cluster.At(TimeSpan.FromMilliseconds(_cluster.Random.Next(20, 120)), Tick);
        if (IsPaused) return;
        foreach (var action in Detector.Tick(Clock).ToArray()) Perform(action);
        if (Detector.FenceAt == _knownFence) return;
        if (!Detector.IsFenced && Detector.FenceAt > Clock + (_cluster.Timings.Lease / 2) && !Detector.CanRenew(Clock)) OnExtended();
        _knownFence = Detector.FenceAt;
    }

    private void OnExtended()
    {
        _cluster.Extended++;
        Say(string.Create(CultureInfo.InvariantCulture, $"may run until {((Detector.FenceAt - _clockOffset) / _rate).TotalSeconds:0.000} without the table"));
    }

    private void Perform(DetectorAction action)
    {
        switch (action)
        {
            case RenewLease renew:
                ToTable(table =>
                {
                    var answer = table.RenewAsync(Address, renew.SeenVersion, CancellationToken.None).Result;
                    FromTable(() => Detector.OnRenewed(Clock, renew, answer));
                });
                break;
            case ReadTable:
                ToTable(table =>
                {
                    var view = table.View;
                    FromTable(() => OnRead(view));
                });
                break;
            case RegisterAgain:
                ToTable(Register);
                break;
            case SuspectSilo suspect:
                Say($"suspects {suspect.Silo.Endpoint.Port}");
                ToTable(table =>
                {
                    _ = table.SuspectAsync(suspect.Silo, Address, suspect.Beat, CancellationToken.None);
                    FromTable(() => Detector.OnSuspected(Clock));
                });
                break;
            case DeclareSiloDead declare:
                ToTable(table =>
                {
                    var was = table.View.Find(declare.Silo)?.Status;
                    if (table.DeclareDeadAsync(declare.Silo, declare.Beat, Address, declare.Reason, CancellationToken.None).Result && was != SiloStatus.Dead) _cluster.OnDeclared(Address, declare.Silo, declare.Reason);
                });
                break;
            case ProbeSilo probe:
                Between(probe.Silo, _ => { }, () => Detector.OnProbeFailed(Clock, probe.Silo));
                break;
            case DialSilo dial:
                DialTo(Find(dial.Silo));
                break;
            case AskForSupport ask:
                Between(ask.Silo, other =>
                {
                    var answer = other.Detector.OnAsked(other.Clock, Address);
                    Say($"asked {ask.Silo.Endpoint.Port} for support: {answer}");
                    if (!_cluster.IsLost()) _cluster.At(_cluster.Delay(), () => Do(() => Detector.OnAnswer(ask.Silo, ask.Round, answer)));
                });
                break;
            case Fence fence:
                Say($"is fenced: {fence.Reason}");
                break;
        }
    }

    private void OnRead(MembershipView view) => Detector.OnView(Clock, view);

    /// <summary>The table was lost: this silo writes its row, and the rows of those it knew, where they are missing.</summary>
    private void Register(InMemoryMembershipTable table)
    {
        var known = Detector.View;
        _entry = _entry with { Status = SiloStatus.Active };
        if (!Detector.IsFenced && table.View.Find(Address) is null) _ = table.WriteAsync(_entry, CancellationToken.None);
        foreach (var row in known.Silos)
        {
            var there = table.View.Find(row.Address);
            if (there is null || (row.Status == SiloStatus.Dead && there.Status != SiloStatus.Dead)) _ = table.WriteAsync(row with { ActiveSince = 0 }, CancellationToken.None);
        }

        var view = table.View;
        FromTable(() => Detector.OnView(Clock, view));
    }

    private ModelSilo Find(SiloAddress silo) => _cluster.Silos.First(s => s.Address.Equals(silo));

    private void Between(SiloAddress silo, Action<ModelSilo> there, Action? failed = null)
    {
        var other = Find(silo);
        if (other.IsKilled || IsCutFrom(other) || _cluster.IsLost())
        {
            if (failed is not null) _cluster.At(_cluster.Timings.ProbePeriod, () => Do(failed));
            return;
        }

        _cluster.At(_cluster.Delay(), () => other.Do(() => there(other)));
    }

    private void DialTo(ModelSilo other)
    {
        var outcome = IsCutFrom(other) || _cluster.IsLost() ? DialOutcome.Unknown
            : other.IsKilled || other.Detector.IsFenced ? DialOutcome.Gone // a fenced one has closed its listeners
            : other.IsPaused ? DialOutcome.Unknown
            : DialOutcome.Alive;
        _cluster.At(outcome == DialOutcome.Unknown ? TimeSpan.FromSeconds(1) : _cluster.Delay(), () => Do(() => Detector.OnDialed(Clock, other.Address, outcome)));
    }
}
