using Granary.Rpc;

namespace Granary.Engine.Tests;

public interface IEchoGrain : IGrainWithIntegerKey
{
    Task<long> Echo(long number, int yields, CancellationToken cancellation = default);

    ValueTask<string> EchoText(string text, int yields);
}

public class EchoGrain : Grain, IEchoGrain
{
    public async Task<long> Echo(long number, int yields, CancellationToken cancellation)
    {
        for (var i = 0; i < yields; i++) await Task.Yield();
        return number;
    }

    public async ValueTask<string> EchoText(string text, int yields)
    {
        for (var i = 0; i < yields; i++) await Task.Yield();
        return text;
    }
}

/// <summary>Calls are pooled: an answer must never reach another call, however calls end. On one silo and from a client over sockets.</summary>
public abstract class CallReuseTests
{
    protected abstract IGrainFactory Grains { get; }

    [Fact]
    public async Task Every_call_gets_its_own_answer_while_others_time_out_and_are_cancelled()
    {
        var ends = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() => Hammer(worker))));
        Assert.True(ends.Sum(e => e.Answered) > 0);
        Assert.True(ends.Sum(e => e.Ended) > 0, "No call timed out or was cancelled; the test proves nothing.");
    }

    [Fact]
    public async Task A_value_task_that_is_awaited_twice_gives_its_own_answer_or_says_so()
    {
        var grain = Grains.GetGrain<IEchoGrain>(1);
        for (var i = 0; i < 200; i++)
        {
            var call = grain.EchoText("once", 3);
            Assert.Equal("once", await call);
            Assert.Equal("another", await grain.EchoText("another", 3));
            try
            {
                Assert.Equal("once", await call);
            }
            catch (InvalidOperationException error)
            {
                Assert.Contains("awaited twice", error.Message, StringComparison.Ordinal);
            }
        }
    }

    private async Task<(int Answered, int Ended)> Hammer(int worker)
    {
        var random = new Random(worker);
        int answered = 0, ended = 0;
        for (var i = 0; i < 2000; i++)
        {
            var grain = Grains.GetGrain<IEchoGrain>(random.Next(5));
            var number = ((long)worker << 32) | (uint)i;
            var yields = random.Next(6);
            using var cancel = new CancellationTokenSource();
            using var deadline = random.Next(20) == 0 ? RpcDeadline.Within(TimeSpan.FromMilliseconds(random.Next(3))) : null;
            try
            {
                if (random.Next(2) == 0)
                {
                    var call = grain.Echo(number, yields, cancel.Token);
                    if (random.Next(10) == 0) await cancel.CancelAsync();
                    Assert.Equal(number, await call);
                }
                else
                {
                    Assert.Equal(number.ToString(System.Globalization.CultureInfo.InvariantCulture), await grain.EchoText(number.ToString(System.Globalization.CultureInfo.InvariantCulture), yields));
                }

                answered++;
            }
            catch (Exception error) when (error is TimeoutException or OperationCanceledException)
            {
                ended++;
            }
        }

        return (answered, ended);
    }
}

public sealed class LocalCallReuseTests(LocalSilo silo) : CallReuseTests, IClassFixture<LocalSilo>
{
    protected override IGrainFactory Grains => silo.Grains;
}

public sealed class RemoteCallReuseTests(ThreeSilos silos) : CallReuseTests, IClassFixture<ThreeSilos>
{
    protected override IGrainFactory Grains => silos.Cluster.Client;
}
