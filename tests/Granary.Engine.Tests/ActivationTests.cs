using System.Collections.Concurrent;
using Orleans.Concurrency;

namespace Granary.Engine.Tests;

/// <summary>Counts, from outside the engine, how many activations of a grain there are and were.</summary>
public static class Witness
{
    private static readonly ConcurrentDictionary<string, (int Alive, int Most, int Born)> s_grains = new();

    public static void Born(string key) => s_grains.AddOrUpdate(key, (1, 1, 1), (_, w) => (w.Alive + 1, Math.Max(w.Most, w.Alive + 1), w.Born + 1));

    public static void Died(string key) => s_grains.AddOrUpdate(key, (0, 0, 0), (_, w) => (w.Alive - 1, w.Most, w.Born));

    public static (int Alive, int Most, int Born) Of(string key) => s_grains.GetValueOrDefault(key);
}

public interface IWitnessedGrain : IGrainWithStringKey
{
    Task<string> Where();

    Task<string> WhereAfter(string gate);

    Task Leave();

    Task<int> Fail(int times);
}

public class WitnessedGrain : Grain, IWitnessedGrain
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Witness.Born(this.GetPrimaryKeyString());
        await Task.Yield();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Witness.Died(this.GetPrimaryKeyString());
    }

    public Task<string> Where() => Task.FromResult(_id);

    public async Task<string> WhereAfter(string gate)
    {
        await Gates.Get(gate).Wait();
        return _id;
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<int> Fail(int times) => Task.FromResult(times);
}

public interface IUnbornGrain : IGrainWithStringKey
{
    Task Touch();
}

public class UnbornGrain : Grain, IUnbornGrain
{
    private static readonly ConcurrentDictionary<string, int> s_attempts = new();

    public override Task OnActivateAsync(CancellationToken cancellationToken) =>
        s_attempts.AddOrUpdate(this.GetPrimaryKeyString(), 1, (_, n) => n + 1) == 1
            ? throw new SampleException("not yet")
            : Task.CompletedTask;

    public Task Touch() => Task.CompletedTask;
}

public interface IWorkerGrain : IGrainWithIntegerKey
{
    Task<string> Work(string gate);
}

[StatelessWorker(3)]
public class WorkerGrain : Grain, IWorkerGrain
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    public async Task<string> Work(string gate)
    {
        await Gates.Get(gate).Wait();
        return _id;
    }
}

/// <summary>Invariant 2 within what one process can show: at most one activation, through races, deactivation and the death of a silo.</summary>
public sealed class ActivationTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    private IEnumerable<IGrainFactory> Everywhere =>
        silos.Cluster.Silos.Select(s => (IGrainFactory)silos.Cluster.GetSiloServiceProvider(s.SiloAddress).GetService(typeof(IGrainFactory))!).Append(silos.Cluster.Client);

    [Fact]
    public async Task First_calls_from_every_process_at_once_make_one_activation()
    {
        for (var round = 0; round < 50; round++)
        {
            var key = $"{_key}-{round}";
            var calls = Everywhere.SelectMany(f => Enumerable.Range(0, 4).Select(_ => Task.Run(() => f.GetGrain<IWitnessedGrain>(key).Where())));
            var where = await Task.WhenAll(calls).WaitAsync(Gates.Within);
            Assert.Single(where.Distinct(StringComparer.Ordinal));
            Assert.Equal((1, 1, 1), Witness.Of(key));
        }
    }

    [Fact]
    public async Task A_grain_that_leaves_and_is_called_all_the_while_has_one_activation_at_a_time_and_loses_no_call()
    {
        var calling = Everywhere.Select(f => Task.Run(async () =>
        {
            var grain = f.GetGrain<IWitnessedGrain>(_key);
            for (var i = 0; i < 100; i++)
            {
                await grain.Where();
                if (i % 5 == 0) await grain.Leave();
            }
        }));
        await Task.WhenAll(calling).WaitAsync(Gates.Within);
        var witness = Witness.Of(_key);
        Assert.Equal(1, witness.Most);
        Assert.True(witness.Born > 1, "The grain never left.");
    }

    [Fact]
    public async Task Calls_that_wait_for_a_leaving_grain_are_answered_by_its_next_activation()
    {
        var grain = silos.Cluster.Client.GetGrain<IWitnessedGrain>(_key);
        var first = grain.WhereAfter(_key);
        await Gates.Get(_key).Arrival();
        var leaving = grain.Leave();
        var after = Enumerable.Range(0, 20).Select(_ => grain.Where()).ToArray();
        Gates.Get(_key).Open();
        await first.WaitAsync(Gates.Within);
        await leaving.WaitAsync(Gates.Within);
        await Task.WhenAll(after).WaitAsync(Gates.Within);
        Assert.Equal(1, Witness.Of(_key).Most);
    }

    [Fact]
    public async Task A_grain_that_cannot_activate_fails_its_calls_and_the_next_call_tries_again()
    {
        var grain = silos.Cluster.Client.GetGrain<IUnbornGrain>(_key);
        var error = await Assert.ThrowsAsync<SampleException>(() => grain.Touch().WaitAsync(Gates.Within));
        Assert.Equal("not yet", error.Message);
        await grain.Touch().WaitAsync(Gates.Within);
    }

    [Fact]
    public async Task A_stateless_worker_has_as_many_activations_as_it_needs_and_may_have()
    {
        var factory = Everywhere.First();
        var worker = factory.GetGrain<IWorkerGrain>(Random.Shared.NextInt64());
        var working = Enumerable.Range(0, 3).Select(_ => worker.Work(_key)).ToArray();
        for (var i = 0; i < 3; i++) await Gates.Get(_key).Arrival();
        var fourth = worker.Work(_key);
        Gates.Get(_key).Open();
        var ids = await Task.WhenAll(working).WaitAsync(Gates.Within);
        Assert.Equal(3, ids.Distinct(StringComparer.Ordinal).Count());
        Assert.Contains(await fourth.WaitAsync(Gates.Within), ids);
    }
}

/// <summary>Invariants 2, 3 and 6 when silos stop and die. A cluster of its own for each test.</summary>
public sealed class SiloDeathTests : IAsyncLifetime
{
    private readonly ThreeSilos _silos = new();
    private readonly string _key = Guid.NewGuid().ToString("N");

    public Task InitializeAsync() => _silos.InitializeAsync();

    public Task DisposeAsync() => _silos.DisposeAsync();

    [Fact]
    public async Task A_graceful_stop_loses_no_accepted_call()
    {
        var cluster = _silos.Cluster;
        using var stop = new CancellationTokenSource();
        var counts = Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            var done = 0;
            while (!stop.IsCancellationRequested)
            {
                await cluster.Client.GetGrain<IWitnessedGrain>($"{_key}-{n}-{done % 50}").Where();
                done++;
            }

            return done;
        })).ToArray();
        await Eventually.True(() => Witness.Of($"{_key}-0-20").Born > 0, "the load runs");
        await cluster.StopSiloAsync(cluster.SecondarySilos[0]);
        await cluster.StopSiloAsync(cluster.SecondarySilos[0]);
        await stop.CancelAsync();
        // A call that ended with an error throws here.
        var done = await Task.WhenAll(counts).WaitAsync(Gates.Within);
        Assert.All(done, n => Assert.True(n > 0));
        for (var n = 0; n < 8; n++)
        {
            for (var i = 0; i < 50; i++) Assert.InRange(Witness.Of($"{_key}-{n}-{i}").Most, 0, 1);
        }
    }

    [Fact]
    public async Task Calls_in_flight_to_a_silo_that_dies_end_at_once_and_its_grains_come_back_elsewhere()
    {
        var cluster = _silos.Cluster;
        var victim = cluster.SecondarySilos[0];
        var keys = Enumerable.Range(0, 60).Select(i => $"{_key}-{i}").ToArray();
        var held = keys.Select(k => cluster.Client.GetGrain<IWitnessedGrain>(k).WhereAfter(_key)).ToArray();
        foreach (var _ in keys) await Gates.Get(_key).Arrival();
        await cluster.KillSiloAsync(victim);
        await Eventually.True(() => held.Any(c => c.IsFaulted), "calls on the dead silo have ended");
        Gates.Get(_key).Open();
        var outcomes = await Task.WhenAll(held.Select(async c =>
        {
            try
            {
                await c;
                return "answered";
            }
            catch (SiloUnavailableException)
            {
                return "unavailable";
            }
        })).WaitAsync(Gates.Within);
        Assert.Contains("unavailable", outcomes);
        Assert.Contains("answered", outcomes);
        foreach (var key in keys) await cluster.Client.GetGrain<IWitnessedGrain>(key).Where().WaitAsync(Gates.Within);
    }
}
