using System.Collections.Concurrent;
using System.Diagnostics;
using Orleans.Concurrency;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Granary.Engine.Tests;

public interface IFilteredGrain : IGrainWithStringKey
{
    Task<int> Add(int a, int b);

    ValueTask<string> Text(string text);

    Task Fail();

    [OneWay]
    Task Notify(string gate);

    Task<int> Nested(IFilteredGrain other);
}

public class FilteredGrain : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    public Task<int> Add(int a, int b) => Task.FromResult(a + b);

    public ValueTask<string> Text(string text) => new(text);

    public Task Fail() => throw new SampleException("inside");

    public Task Notify(string gate)
    {
        _ = Gates.Get(gate).Wait();
        return Task.CompletedTask;
    }

    public async Task<int> Nested(IFilteredGrain other) => await other.Add(1, 1);

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        await context.Invoke();
        if (context.Result is string text) context.Result = text + " (grain)";
    }
}

/// <summary>Call filters of silo, grain and client, and the spans of calls.</summary>
public sealed class FilterTests : IAsyncLifetime
{
    private static readonly ConcurrentQueue<string> s_seen = new();

    private readonly string _key = Guid.NewGuid().ToString("N");
    private TestCluster _cluster = null!;

    public async Task InitializeAsync()
    {
        var builder = new TestClusterBuilder(1);
        builder.AddSiloBuilderConfigurator<Silo>();
        builder.AddClientBuilderConfigurator<Client>();
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async Task DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Filters_see_and_change_arguments_and_results_from_the_outside_in()
    {
        var grain = _cluster.Client.GetGrain<IFilteredGrain>(_key);
        // Outgoing doubles the second argument; incoming adds one to the result.
        Assert.Equal(1 + (2 * 2) + 1, await grain.Add(1, 2));
        Assert.Equal("a (grain) (silo)", await grain.Text("a"));
        Assert.Contains($"IFilteredGrain.Add on {_key}", s_seen);
    }

    [Fact]
    public async Task An_error_passes_the_filters_and_one_of_them_may_replace_it()
    {
        var error = await Assert.ThrowsAsync<SampleException>(() => _cluster.Client.GetGrain<IFilteredGrain>(_key).Fail());
        Assert.Equal("replaced: inside", error.Message);
    }

    [Fact]
    public async Task A_one_way_call_passes_the_filters()
    {
        await _cluster.Client.GetGrain<IFilteredGrain>(_key).Notify(_key);
        await Gates.Get(_key).Arrival();
    }

    [Fact]
    public async Task A_call_and_its_nested_call_are_spans_of_one_trace()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(spans);
        using var root = new Activity("root").Start();
        var grain = _cluster.Client.GetGrain<IFilteredGrain>(_key);
        await grain.Nested(_cluster.Client.GetGrain<IFilteredGrain>(_key + "-nested"));
        Assert.Same(root, Activity.Current);
        await Eventually.True(() => spans.Count(s => s.TraceId == root.TraceId) >= 4, "four spans have ended");
        var mine = spans.Where(s => s.TraceId == root.TraceId).ToArray();
        Assert.Equal(2, mine.Count(s => s.Kind == ActivityKind.Client));
        Assert.Equal(2, mine.Count(s => s.Kind == ActivityKind.Server));
        var byId = mine.ToDictionary(s => s.SpanId);
        // The innermost: server of Add, its client, server of Nested, its client, the root.
        var span = mine.Single(s => s.Kind == ActivityKind.Server && s.OperationName.EndsWith("/Add", StringComparison.Ordinal));
        var depth = 0;
        for (; byId.ContainsKey(span.ParentSpanId); span = byId[span.ParentSpanId]) depth++;
        Assert.Equal(3, depth);
        Assert.Equal(root.SpanId, span.ParentSpanId);
    }

    [Fact]
    public async Task A_span_of_a_failed_call_tells_the_kind_of_error_and_not_its_text()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(spans);
        using var root = new Activity("root").Start();
        await Assert.ThrowsAnyAsync<Exception>(() => _cluster.Client.GetGrain<IFilteredGrain>(_key).Fail());
        await Eventually.True(() => spans.Count(s => s.TraceId == root.TraceId) >= 2, "two spans have ended");
        foreach (var span in spans.Where(s => s.TraceId == root.TraceId))
        {
            Assert.Equal((ActivityStatusCode.Error, "internal error", "INTERNAL"), (span.Status, span.StatusDescription, span.GetTagItem("rpc.response.status_code")));
            var told = Assert.Single(span.Events).Tags.ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
            Assert.Equal(typeof(SampleException).FullName, told["exception.type"]);
            Assert.DoesNotContain(told.Values, v => ((string)v!).Contains("inside", StringComparison.Ordinal));
        }
    }

    /// <summary>Every span of the grains, once it has ended.</summary>
    private static ActivityListener Listen(ConcurrentQueue<Activity> spans)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == "Microsoft.Orleans.Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private sealed class Silo : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder) => siloBuilder.AddIncomingGrainCallFilter(async context =>
        {
            s_seen.Enqueue($"{context.InterfaceMethod.DeclaringType!.Name}.{context.MethodName} on {context.TargetId.Key}");
            // Leaves the grain's context: the method must run on it all the same.
            await Task.Run(() => { }).ConfigureAwait(false);
            try
            {
                await context.Invoke();
            }
            catch (SampleException error)
            {
                throw new SampleException("replaced: " + error.Message);
            }

            if (context.Result is int number) context.Result = number + 1;
            if (context.Result is string text) context.Result = text + " (silo)";
        });
    }

    private sealed class Client : IClientBuilderConfigurator
    {
        public void Configure(Microsoft.Extensions.Configuration.IConfiguration configuration, IClientBuilder clientBuilder) =>
            clientBuilder.AddOutgoingGrainCallFilter(async context =>
            {
                if (context.MethodName == nameof(IFilteredGrain.Add)) context.Request.SetArgument(1, (int)context.Request.GetArgument(1)! * 2);
                await context.Invoke();
            });
    }
}
