using Granary.Gateway.Invocation;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans;

namespace Granary.Gateway.Tests;

/// <summary>Stages that users add.</summary>
public sealed class FilterTests
{
    [Fact]
    public async Task With_every_stage_on_messages_still_pass_undecoded_and_a_filter_that_reads_them_ends_that()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Shedding.Enabled = true;
            options.Hedging.Methods.Add("probe/Add");
            options.Bulkheads["probe"] = new();
            options.Authorization.Rules.Add(new() { Methods = ["probe/*"], Key = "{sub}" });
        });
        var (catalog, options) = (host.Services.GetRequiredService<RpcCatalog>(), host.Services.GetRequiredService<IOptions<GatewayOptions>>());
        var filters = host.Services.GetServices<IRpcFilter>().ToList();
        var method = catalog.Find("probe", 1)!.Methods.Single(m => m.Name == "Add");
        Assert.Contains(filters, f => f.Order == RpcStage.AuthorizeKey && f.Supports(method));
        Assert.True(new PassThrough(catalog, filters, options, new Engine()).Takes(method));
        Assert.False(new PassThrough(catalog, [.. filters, new Filter(RpcStage.Exchange + 1, "reads", [])], options, new Engine()).Takes(method));
    }

    [Fact]
    public async Task Filters_run_in_order_and_only_where_they_want_to()
    {
        var seen = new List<string>();
        await using var host = await GatewayHost.StartAsync(services: services =>
        {
            services.AddSingleton<IRpcFilter>(new Filter(RpcStage.Invoke - 1, "last", seen));
            services.AddSingleton<IRpcFilter>(new Filter(RpcStage.Telemetry - 1, "first", seen));
            services.AddSingleton<IRpcFilter>(new Filter(RpcStage.Deadline, "middle", seen) { Only = "Multiply" });
        });
        await host.Client.GetAsync("/rpc/probe/a/Key").OkAsync();
        Assert.Equal(["first", "last", "/last", "/first"], seen);
        seen.Clear();
        await host.PostAsync("/rpc/probe/a/Multiply", """{"a":1,"b":2}""").OkAsync();
        Assert.Equal(["first", "middle", "last", "/last", "/middle", "/first"], seen);
    }

    [Theory]
    [InlineData(RpcStage.Telemetry - 1)]
    [InlineData(RpcStage.Authenticate)]
    [InlineData(RpcStage.Invoke - 1)]
    public async Task A_filter_may_refuse_a_call_or_throw(int order)
    {
        foreach (var throws in new[] { false, true })
        {
            await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<IRpcFilter>(new Refusing(order, throws)));
            var problem = await host.Client.GetAsync("/rpc/probe/a/Key").ProblemAsync(400, "FAILED_PRECONDITION");
            Assert.Equal("not today", problem.Detail);
        }
    }

    [Fact]
    public async Task Stages_before_the_exchange_see_how_a_stream_ended()
    {
        var seen = new List<string>();
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<IRpcFilter>(new Filter(RpcStage.Telemetry - 1, "outer", seen)));
        await host.PostAsync("/rpc/probe/a/Break", """{"after":2,"how":"Aborted"}""").OkAsync();
        Assert.Equal(["outer", "/outer Aborted"], seen);
    }

    private sealed class Filter(int order, string name, List<string> seen) : IRpcFilter
    {
        public string? Only { get; init; }

        public int Order => order;

        public bool Supports(RpcMethod method) => Only is null || method.Name == Only;

        public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
        {
            seen.Add(name);
            await next(call);
            seen.Add($"/{name}{(call.Error is { } error ? " " + error.Code : "")}");
        }
    }

    private sealed class Engine : IRpcPassThrough
    {
        public bool Supports(RpcMethod method) => true;

        public ValueTask<ReadOnlyMemory<byte>> InvokeAsync(RpcRequest request, IGrainFactory grains, CancellationToken cancellation) => throw new NotSupportedException();
    }

    private sealed class Refusing(int order, bool throws) : IRpcFilter
    {
        public int Order => order;

        public bool Supports(RpcMethod method) => true;

        public ValueTask InvokeAsync(RpcCall call, RpcNext next)
        {
            var error = new RpcException(StatusCode.FailedPrecondition, "not today");
            if (throws) throw error;
            call.Error = error;
            return default;
        }
    }
}
