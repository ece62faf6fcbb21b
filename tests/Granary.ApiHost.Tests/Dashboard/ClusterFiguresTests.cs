using System.Net;
using Granary.ApiHost.Dashboard.Feed;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Granary.Schema;
using Granary.Statistics;
using Granary.Telemetry.Statistics;
using Orleans.Runtime;

namespace Granary.Tests.Dashboard;

/// <summary>Silos' figures put together.</summary>
public sealed class ClusterFiguresTests
{
    private static readonly SiloAddress s_one = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress s_two = SiloAddress.New(IPAddress.Loopback, 2, 1);

    private readonly ClusterFigures _figures = new(new ServiceIndex(new RpcCatalog([])));

    [Fact]
    public void Rates_of_silos_add_up_and_durations_are_of_all_their_calls()
    {
        Take(s_one, "a", 1000, begun: 100, ended: 100, fast: 90, slow: 0);
        Take(s_two, "b", 5000, begun: 7, ended: 7, fast: 7, slow: 0);
        Assert.Equal((0.0, 0L), (_figures.Totals().CallsPerSecond, _figures.Totals().InFlight));

        // One silo in one second, the other in two: each has its own clock.
        Take(s_one, "a", 2000, begun: 150, ended: 149, fast: 130, slow: 10, errors: 5);
        Take(s_two, "b", 7000, begun: 107, ended: 106, fast: 57, slow: 50, errors: 4);
        var totals = _figures.Totals();
        Assert.Equal((100.0, 7.0, 2L), (totals.CallsPerSecond, totals.ErrorsPerSecond, totals.InFlight));

        // 90 calls of 1 ms and 60 of 100 ms.
        Assert.InRange(totals.P50!.Value, 0.93, 1.07);
        Assert.InRange(totals.P95!.Value, 93, 107);
        var type = Assert.Single(_figures.Grains().Types);
        Assert.Equal(("g", 100.0, 7.0), (type.Type, type.CallsPerSecond, type.ErrorsPerSecond));
    }

    [Fact]
    public void A_silo_that_began_anew_does_not_count_backwards()
    {
        Take(s_one, "a", 1000, begun: 1_000_000, ended: 1_000_000, fast: 1000, slow: 1000);
        Take(s_one, "later", 1500, begun: 10, ended: 9, fast: 9, slow: 0);
        Assert.Equal(0, _figures.Totals().CallsPerSecond);
        Take(s_one, "later", 2500, begun: 30, ended: 30, fast: 29, slow: 0);
        Assert.Equal((20.0, 0L), (_figures.Totals().CallsPerSecond, _figures.Totals().InFlight));
        Assert.InRange(_figures.Totals().P99!.Value, 0.93, 1.07);
    }

    [Fact]
    public void What_a_silo_did_that_does_not_answer_is_left_out()
    {
        foreach (var ticks in new[] { 1000, 2000 })
        {
            Take(s_one, "a", ticks, begun: ticks, ended: ticks, fast: 10, slow: 0);
            Take(s_two, "b", ticks, begun: ticks, ended: ticks, fast: 10, slow: 0);
        }

        Assert.Equal(2000, _figures.Totals().CallsPerSecond);
        _figures.Silos[s_two].Miss("does not answer");
        Assert.Equal(1000, _figures.Totals().CallsPerSecond);
        Assert.Equal(1000, Assert.Single(_figures.Grains().Types).CallsPerSecond);

        // Back after three seconds: the rate is of the time since the last answer.
        Take(s_two, "b", 5000, begun: 8000, ended: 8000, fast: 10, slow: 0);
        Assert.Equal(3000, _figures.Totals().CallsPerSecond);
    }

    [Fact]
    public void Durations_fade_and_leave_nothing_behind()
    {
        Take(s_one, "a", 1000, begun: 0, ended: 0, fast: 0, slow: 0);
        Take(s_one, "a", 2000, begun: 100, ended: 100, fast: 0, slow: 100);
        Assert.InRange(_figures.Totals().P50!.Value, 93, 107);
        for (var second = 3; second < 60; second++)
        {
            _figures.Age();
            Take(s_one, "a", second * 1000, begun: 100, ended: 100, fast: 0, slow: 100);
        }

        Assert.Null(_figures.Totals().P50);
        Assert.Equal(0, _figures.Totals().CallsPerSecond);
    }

    [Fact]
    public void Five_hundred_methods_on_three_silos_make_messages_that_fit_a_browser()
    {
        var interfaces = typeof(object).Assembly.GetExportedTypes().Where(t => t.IsInterface).Take(50).ToArray();
        var services = interfaces.Select((type, i) => new RpcService
        {
            Name = $"service{i}",
            Version = 1,
            Package = "test.v1",
            ProtoName = $"Service{i}",
            InterfaceType = type,
            Key = RpcKeyKind.String,
            Methods = [.. Enumerable.Range(0, 10).Select(m => new RpcMethod { Name = $"Method{m}", Kind = RpcMethodKind.Unary, Request = MessageSchema.Empty, Reply = MessageSchema.Empty, CreateRequest = () => null!, Access = RpcAccess.Authenticated })],
        });
        var figures = new ClusterFigures(new ServiceIndex(new RpcCatalog(services)));
        var names = Enumerable.Range(0, 500).Select(i => new MethodName { GrainType = $"type{i / 10}", Interface = interfaces[i / 10].FullName!, Method = $"Method{i % 10}" }).ToList();
        var wide = new DurationFigures { First = 60, Counts = [.. Enumerable.Range(1, 100).Select(i => (long)i)] };
        foreach (var port in new[] { 1, 2, 3 })
        {
            var silo = figures.Silos[SiloAddress.New(IPAddress.Loopback, port, 1)] = new SiloSeries();
            for (var second = 1; second < 4; second++)
            {
                var methods = names.Select((_, i) => new MethodFigures { Number = i, Begun = second * 1000 * (i + 1), Ended = second * 1000 * (i + 1), Errors = [0, second, 2 * second], Durations = wide }).ToList();
                figures.Take(silo, new SiloAnswer(new SiloFigures { Epoch = "e", Ticks = second * 1000, Total = methods[0], Names = second == 1 ? names : [], FirstName = second == 1 ? 0 : names.Count, Methods = methods }, null, []));
            }
        }

        var all = figures.Services();
        Assert.Equal(500, all.Services.Sum(s => s.Methods.Count));
        Assert.Equal(3 * 1000.0 * Enumerable.Range(1, 500).Sum(), all.Services.Sum(s => s.Methods.Sum(m => m.CallsPerSecond)));
        Assert.Equal(3 * 500 * 3.0, all.Services.Sum(s => s.Methods.Sum(m => m.ErrorsPerSecond)));
        Assert.InRange(FeedTick.Frame("services", all, FeedJson.Default.ServicesMessage).Length, 10_000, 150_000);
        Assert.Equal(500, figures.MethodRates().Count);
        Assert.InRange(FeedTick.Frame("grains", figures.Grains(), FeedJson.Default.GrainsMessage).Length, 1000, 20_000);
    }

    [Fact]
    public void Figures_that_no_silo_would_send_do_no_harm()
    {
        var silo = new SiloSeries();
        var wild = new DurationFigures { First = -5, Counts = [.. Enumerable.Repeat(long.MaxValue, 400)] };
        for (var i = 1; i < 4; i++)
        {
            _figures.Take(silo, new SiloAnswer(
                new SiloFigures
                {
                    Epoch = "x",
                    Ticks = 1000 * i,
                    Total = new MethodFigures { Begun = -i, Ended = 5, Durations = wild, Errors = [.. Enumerable.Repeat(1L, 99)] },
                    Methods = [new MethodFigures { Number = 99, Begun = 5 }, new MethodFigures { Number = -1 }],
                    Names = [],
                    FirstName = 12,
                },
                null,
                []));
        }

        _figures.Silos[s_one] = silo;
        Assert.Equal(0, _figures.Totals().CallsPerSecond);
        Assert.Empty(_figures.Grains().Types);
    }

    private void Take(SiloAddress address, string epoch, long ticks, long begun, long ended, long fast, long slow, long errors = 0)
    {
        if (!_figures.Silos.TryGetValue(address, out var silo)) _figures.Silos.Add(address, silo = new SiloSeries());
        var counts = new long[DurationHistogram.Buckets];
        counts[DurationHistogram.BucketOf(1_000_000)] = fast;
        counts[DurationHistogram.BucketOf(100_000_000)] = slow;
        var codes = new long[17];
        codes[(int)StatusCode.NotFound] = errors;
        var method = new MethodFigures { Number = 2, Begun = begun, Ended = ended, Errors = [.. codes], Durations = new DurationFigures { Counts = [.. counts] } };
        var names = silo.Epoch == epoch ? new List<MethodName>() : [new MethodName(), new MethodName(), new MethodName { GrainType = "g", Interface = "IG", Method = "M" }];
        _figures.Take(silo, new SiloAnswer(new SiloFigures { Epoch = epoch, Ticks = ticks, Total = method, Methods = [method], Names = names, FirstName = silo.Epoch == epoch ? silo.Names.Count : 0 }, null, []));
    }
}
