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
        var text = Encoding.UTF8.GetString(_sampler.Current.Overview.Span);
        var json = JsonDocument.Parse(text[(text.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement;
        return json.GetProperty("silos").EnumerateArray().Single(s => s.GetProperty("name").GetString() == name);
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

        public Task<GrainFigures> Look(string grain) => throw new NotSupportedException();

        public Task<LogPage> ReadLog(LogQuestion question) => throw new NotSupportedException();

        public Task SetLevel(LevelOrder order) => throw new NotSupportedException();
    }
}
