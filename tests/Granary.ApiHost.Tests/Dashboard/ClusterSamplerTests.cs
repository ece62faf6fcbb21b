using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Granary.ApiHost.Dashboard.Feed;
using Granary.Rpc.Catalog;
using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Granary.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Orleans;
using Orleans.Runtime;

namespace Granary.Tests.Dashboard;

/// <summary>When silos are asked, and what becomes of one that does not answer.</summary>
public sealed class ClusterSamplerTests : IDisposable
{
    private static readonly SiloAddress s_quick = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly GrainId s_grain = GrainId.Create("calculator", "a");
    private static readonly SiloAddress s_hung = SiloAddress.New(IPAddress.Loopback, 2, 1);

    private readonly ManualTime _time = new();
    private readonly ConcurrentDictionary<SiloAddress, FakeSilo> _silos = new();
    private readonly GatewayExchange _exchange;
    private readonly ClusterSampler _sampler;

    public ClusterSamplerTests()
    {
        var feed = Substitute.For<IClusterFeed>();
        feed.Current.Returns(new ClusterSnapshot(1, "", [new ClusterMember(s_quick, "quick", ClusterMember.Active), new ClusterMember(s_hung, "hung", ClusterMember.Active)]));
        var grains = Substitute.For<IGrainFactory>();
        var inspector = Substitute.For<IClusterInspector>();
        inspector.FindAsync(s_grain).Returns(new GrainActivity(s_quick));
        var services = new ServiceIndex(new RpcCatalog([]));

        // What gateways tell is not looked at here.
        var own = new OwnGateway(null!, null!, _time);
        _exchange = new GatewayExchange(own, null!, grains, [], new EventLog(_time), _time, NullLogger<GatewayExchange>.Instance);
        _sampler = new ClusterSampler(feed, new SiloSource(silo => _silos.GetOrAdd(silo, _ => new FakeSilo()), grains, inspector, _time), _exchange, own, null!, services, _time, NullLogger<ClusterSampler>.Instance);
    }

    public void Dispose()
    {
        _sampler.Dispose();
        _exchange.Dispose();
    }

    [Fact]
    public async Task Silos_are_asked_from_the_first_page_until_some_seconds_after_the_last()
    {
        Assert.False(_sampler.Runs);
        var first = _sampler.Watch(new FeedView(FeedViews.Overview, null, null), 2)!;
        var second = _sampler.Watch(new FeedView(FeedViews.Overview, null, null), 2)!;
        Assert.Null(_sampler.Watch(new FeedView(FeedViews.Overview, null, null), 2));
        await UntilAsync(() => _sampler.Current.Number >= 3);
        first.Dispose();
        second.Dispose();
        await UntilAsync(() => !_sampler.Runs);
        var asked = _silos[s_quick].Asked;
        for (var i = 0; i < 10; i++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(asked, _silos[s_quick].Asked);

        using var again = _sampler.Watch(new FeedView(FeedViews.Overview, null, null), 2);
        await UntilAsync(() => _silos[s_quick].Asked > asked);
    }

    [Fact]
    public async Task A_silo_that_does_not_answer_is_shown_so_and_the_other_goes_on_and_it_is_asked_again()
    {
        _silos[s_hung] = new FakeSilo { Hangs = true };
        using var page = _sampler.Watch(new FeedView(FeedViews.Overview, null, null), 10);
        await UntilAsync(() => Silo("hung")?.TryGetProperty("problem", out _) == true && Silo("quick")!.Value.GetProperty("answers").GetBoolean());
        Assert.Equal("does not answer within 1 s", Silo("hung")!.Value.GetProperty("problem").GetString());
        Assert.False(Silo("hung")!.Value.GetProperty("answers").GetBoolean());

        _silos[s_hung].Hangs = false;
        await UntilAsync(() => Silo("hung")!.Value.GetProperty("answers").GetBoolean());
        Assert.False(Silo("hung")!.Value.TryGetProperty("problem", out _));
    }

    [Fact]
    public async Task A_grain_whose_silo_is_slow_is_shown_when_it_has_answered()
    {
        var answer = new TaskCompletionSource<GrainFigures>(TaskCreationOptions.RunContinuationsAsynchronously);
        _silos[s_quick] = new FakeSilo { OnLook = () => answer.Task };
        using var page = _sampler.Watch(new FeedView(FeedViews.Grain, s_grain, null), 10);
        await TicksAsync(1);
        Assert.False(_sampler.Current.Looked.ContainsKey(s_grain));
        answer.SetResult(new GrainFigures { IsFound = true });
        await UntilAsync(() => Grain() is { } grain && grain.GetProperty("found").GetBoolean());
    }

    [Fact]
    public async Task A_grain_that_could_not_be_asked_about_is_not_said_to_be_out_of_memory()
    {
        var fails = true;
        _silos[s_quick] = new FakeSilo { OnLook = () => Volatile.Read(ref fails) ? Task.FromException<GrainFigures>(new TimeoutException("busy")) : Task.FromResult(new GrainFigures { IsFound = true }) };
        using var page = _sampler.Watch(new FeedView(FeedViews.Grain, s_grain, null), 10);
        for (var tick = 0; tick < 3; tick++)
        {
            await TicksAsync(1);
            Assert.Null(Grain());
        }

        Volatile.Write(ref fails, false);
        await UntilAsync(() => Grain() is { } grain && grain.GetProperty("found").GetBoolean());
    }

    private async Task TicksAsync(int count)
    {
        var from = _sampler.Current.Number;
        await UntilAsync(() => _sampler.Current.Number >= from + count);
    }

    private JsonElement? Grain() => _sampler.Current.Looked.TryGetValue(s_grain, out var frame) ? Json(frame) : null;

    /// <summary>Lets time pass until it holds.</summary>
    private async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            Assert.False(patience.IsCancellationRequested, "It did not happen in time.");
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1);
        }
    }

    private JsonElement? Silo(string name)
    {
        if (_sampler.Current.Number == 0) return null;
        return Json(_sampler.Current.Overview).GetProperty("silos").EnumerateArray().Single(s => s.GetProperty("name").GetString() == name);
    }

    private static JsonElement Json(ReadOnlyMemory<byte> frame)
    {
        var text = Encoding.UTF8.GetString(frame.Span);
        return JsonDocument.Parse(text[(text.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement;
    }

    private sealed class FakeSilo : ISiloStatistics
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public bool Hangs { get; set; }

        public Task<SiloFigures> Read(SiloQuestion question)
        {
            var number = Interlocked.Increment(ref _asked);
            return Hangs ? new TaskCompletionSource<SiloFigures>().Task : Task.FromResult(new SiloFigures { Epoch = "e", Ticks = number * 1000, Load = new LoadFigures(), Total = new MethodFigures() });
        }

        public Func<Task<GrainFigures>> OnLook { get; set; } = static () => throw new NotSupportedException();

        public Task<GrainFigures> Look(string grain) => OnLook();

        public Task<LogPage> ReadLog(LogQuestion question) => throw new NotSupportedException();

        public Task SetLevel(LevelOrder order) => throw new NotSupportedException();
    }
}
