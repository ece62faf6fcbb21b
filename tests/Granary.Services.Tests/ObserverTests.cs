using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;

namespace Granary.Services.Tests;

public interface IListener : IGrainObserver
{
    Task<int> Ask(int question);

    void Tell(string news);
}

public interface ISpeakerGrain : IGrainWithStringKey
{
    Task<int> AskIt(IListener listener, int question);

    Task TellIt(IListener listener, string news);

    Task<string> Where();

    Task<int> AskYourOwn(int question);
}

public sealed class SpeakerGrain : Grain, ISpeakerGrain
{
    public Task<int> AskIt(IListener listener, int question) => listener.Ask(question);

    public Task TellIt(IListener listener, string news)
    {
        listener.Tell(news);
        return Task.CompletedTask;
    }

    public Task<string> Where() => Task.FromResult(RuntimeIdentity);

    public async Task<int> AskYourOwn(int question)
    {
        var own = new Listener();
        var reference = GrainFactory.CreateObjectReference<IListener>(own);
        var answer = await GrainFactory.GetGrain<ISpeakerGrain>("another").AskIt(reference, question);
        GrainFactory.DeleteObjectReference<IListener>(reference);
        GC.KeepAlive(own);
        return answer;
    }
}

public sealed class Listener : IListener
{
    private int _running;

    public List<string> News { get; } = [];

    public int MostAtOnce { get; private set; }

    public async Task<int> Ask(int question)
    {
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _running));
        await Task.Yield();
        Interlocked.Decrement(ref _running);
        return question < 0 ? throw new ArgumentOutOfRangeException(nameof(question), "negative question") : question + 1;
    }

    public void Tell(string news)
    {
        lock (News) News.Add(news);
    }
}

public sealed class ObserverTests
{
    [Fact]
    public async Task A_grain_calls_an_observer_of_its_own_process()
    {
        await using var silo = await OneSilo.StartAsync();
        var listener = new Listener();
        var reference = silo.Grains.CreateObjectReference<IListener>(listener);
        var grain = silo.Grains.GetGrain<ISpeakerGrain>("a");
        Assert.Equal(8, await grain.AskIt(reference, 7));
        await grain.TellIt(reference, "hello");
        await Eventually.HoldsAsync(() => listener.News.Count == 1, "the news has arrived");
        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => grain.AskIt(reference, -1));
        Assert.Contains("negative question", error.Message, StringComparison.Ordinal);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Calls_to_one_observer_run_one_at_a_time()
    {
        await using var silo = await OneSilo.StartAsync();
        var listener = new Listener();
        var reference = silo.Grains.CreateObjectReference<IListener>(listener);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => silo.Grains.GetGrain<ISpeakerGrain>($"g{i}").AskIt(reference, i)));
        Assert.Equal(Enumerable.Range(1, 200), answers);
        Assert.Equal(1, listener.MostAtOnce);
    }

    [Fact]
    public async Task A_clients_observer_is_reached_from_every_silo_and_a_silos_from_the_others()
    {
        await using var cluster = await Cluster.StartAsync(3);
        var listener = new Listener();
        var reference = cluster.GrainFactory.CreateObjectReference<IListener>(listener);
        var silos = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 40; i++)
        {
            var grain = cluster.GrainFactory.GetGrain<ISpeakerGrain>($"g{i}");
            Assert.Equal(i + 1, await grain.AskIt(reference, i));
            Assert.Equal(i + 1, await grain.AskYourOwn(i));
            silos.Add(await grain.Where());
        }

        Assert.Equal(3, silos.Count);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task A_silo_without_a_connection_to_the_client_reaches_its_observer_through_the_clients_gateways()
    {
        await using var cluster = await Cluster.StartAsync(3);
        var listener = new Listener();
        var reference = cluster.GrainFactory.CreateObjectReference<IListener>(listener);
        // From each silo itself: the client has called none but the one it connected to, and its gateways.
        foreach (var silo in cluster.Silos)
        {
            var router = silo.Core().Router;
            var here = (IListener)(object)router.CreateProxy(((GrainReference)(object)reference).GrainId, typeof(IListener));
            await Eventually.HoldsAsync(async () => await AnswersAsync(here), $"{silo} reaches the client's observer");
        }

        GC.KeepAlive(listener);

        static async Task<bool> AnswersAsync(IListener observer)
        {
            try
            {
                return await observer.Ask(1) == 2;
            }
            catch (ClientNotAvailableException)
            {
                return false; // the client is about to connect to its gateways
            }
        }
    }

    [Fact]
    public async Task A_deleted_observer_and_one_of_a_client_that_is_gone_are_not_available()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var listener = new Listener();
        var reference = cluster.GrainFactory.CreateObjectReference<IListener>(listener);
        var grain = cluster.GrainFactory.GetGrain<ISpeakerGrain>("a");
        Assert.Equal(2, await grain.AskIt(reference, 1));
        cluster.GrainFactory.DeleteObjectReference<IListener>(reference);
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => grain.AskIt(reference, 1));

        var other = cluster.GrainFactory.CreateObjectReference<IListener>(listener);
        var id = ((GrainReference)(object)other).GrainId;
        await cluster.KillClientAsync();
        var silo = cluster.Primary!.Core();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await ((IListener)(object)silo.Router.CreateProxy(id, typeof(IListener))).Ask(1);
                    return false;
                }
                catch (Exception error) when (error is ClientNotAvailableException or SiloUnavailableException)
                {
                    return true;
                }
            },
            "the silo notices that the client is gone");
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task A_reference_does_not_keep_its_observer()
    {
        await using var silo = await OneSilo.StartAsync();
        var (reference, weak) = Create(silo.Grains);
        await Eventually.HoldsAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !weak.IsAlive;
            },
            "the observer is collected");
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => reference.Ask(1));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (IListener, WeakReference) Create(IGrainFactory grains)
        {
            var listener = new Listener();
            return (grains.CreateObjectReference<IListener>(listener), new WeakReference(listener));
        }
    }

    [Fact]
    public async Task What_is_no_observer_or_a_reference_already_is_refused()
    {
        await using var silo = await OneSilo.StartAsync();
        var listener = new Listener();
        var reference = silo.Grains.CreateObjectReference<IListener>(listener);
        Assert.Throws<ArgumentException>(() => silo.Grains.CreateObjectReference<IListener>(reference));
        Assert.Throws<ArgumentException>(() => silo.Grains.CreateObjectReference<IListener>(new Other()));
        GC.KeepAlive(listener);
    }

    private sealed class Other : IGrainObserver;
}
