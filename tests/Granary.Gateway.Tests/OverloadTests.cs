using Granary.Gateway.Authentication;
using Granary.Gateway.Resilience;
using Granary.Gateway.Shedding;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests;

/// <summary>Bulkheads, and what a gateway does when it is asked too much.</summary>
public sealed class OverloadTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_gate_lets_so_many_through_and_the_next_one_when_one_leaves()
    {
        using var gate = new CallGate(TimeProvider.System, 2, 10, newestFirst: false);
        Assert.True(gate.TryEnter(CallPriority.Normal) && gate.TryEnter(CallPriority.Normal));
        Assert.False(gate.TryEnter(CallPriority.Normal));
        var (first, second) = (gate.WaitAsync(CallPriority.Normal, s_long), gate.WaitAsync(CallPriority.Normal, s_long));
        gate.Leave();
        Assert.True(await first);
        Assert.False(second.IsCompleted);
        Assert.False(gate.TryEnter(CallPriority.Normal), "Nobody passes those who wait.");
        gate.Leave();
        Assert.True(await second);
        Assert.Equal((2, 0), (gate.UnderWay, gate.Waiting));
    }

    [Fact]
    public async Task Who_matters_more_goes_first()
    {
        using var gate = new CallGate(TimeProvider.System, 4, 10, newestFirst: false);
        Assert.True(gate.TryEnter(CallPriority.Batch) && gate.TryEnter(CallPriority.Batch));
        Assert.False(gate.TryEnter(CallPriority.Batch), "The half at most.");
        Assert.True(gate.TryEnter(CallPriority.Normal) && gate.TryEnter(CallPriority.Normal));
        Assert.False(gate.TryEnter(CallPriority.Normal));
        Assert.True(gate.TryEnter(CallPriority.High), "There is a little more for these.");
        var batch = gate.WaitAsync(CallPriority.Batch, s_long);
        var normal = gate.WaitAsync(CallPriority.Normal, s_long);
        var high = gate.WaitAsync(CallPriority.High, s_long);
        gate.Leave();
        Assert.True(await high);
        Assert.False(normal.IsCompleted || batch.IsCompleted);
        gate.Leave();
        gate.Leave();
        Assert.True(await normal);
        Assert.False(batch.IsCompleted);
        for (var i = 0; i < 3; i++) gate.Leave();
        Assert.True(await batch);
    }

    [Fact]
    public async Task Under_overload_the_newest_goes_first_and_the_oldest_makes_room()
    {
        using var gate = new CallGate(TimeProvider.System, 1, 2, newestFirst: true);
        Assert.True(gate.TryEnter(CallPriority.Normal));
        var waiting = Enumerable.Range(0, 3).Select(_ => gate.WaitAsync(CallPriority.Normal, s_long)).ToArray();
        Assert.False(await waiting[0]);
        Assert.False(await gate.WaitAsync(CallPriority.Batch, s_long), "It matters less than those who wait.");
        gate.Leave();
        Assert.True(await waiting[2]);
        gate.Leave();
        Assert.True(await waiting[1]);
    }

    [Fact]
    public async Task Nobody_waits_for_longer_than_said()
    {
        using var gate = new CallGate(TimeProvider.System, 1, 10, newestFirst: true);
        Assert.True(gate.TryEnter(CallPriority.Normal));
        Assert.False(await gate.WaitAsync(CallPriority.Normal, TimeSpan.FromMilliseconds(20)).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal((1, 0), (gate.UnderWay, gate.Waiting));
    }

    [Fact]
    public async Task A_gate_that_many_use_at_once_never_lets_too_many_through_and_forgets_nobody()
    {
        using var gate = new CallGate(TimeProvider.System, 3, 1000, newestFirst: false);
        var (inside, most, through) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            for (var round = 0; round < 500; round++)
            {
                if (!gate.TryEnter(CallPriority.Normal) && !await gate.WaitAsync(CallPriority.Normal, s_long)) continue;
                var now = Interlocked.Increment(ref inside);
                if (now > Volatile.Read(ref most)) Volatile.Write(ref most, now);
                if (round % 7 == 0) await Task.Yield();
                Interlocked.Decrement(ref inside);
                Interlocked.Increment(ref through);
                gate.Leave();
            }
        }))).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.InRange(most, 1, 3);
        Assert.Equal(16 * 500, through);
        Assert.Equal((0, 0), (gate.UnderWay, gate.Waiting));
    }

    [Fact]
    public void A_limit_comes_with_overload_and_goes_with_it()
    {
        var clock = new TestClock();
        var options = new SheddingOptions();
        using var gate = new CallGate(TimeProvider.System, int.MaxValue, 10, newestFirst: true);
        var limit = new OverloadLimit(options, clock, gate);
        for (var i = 0; i < 100; i++) Assert.True(gate.TryEnter(CallPriority.Normal));

        // A pause of the process is not overload.
        Observe(150);
        Observe(0);
        Observe(150);
        Assert.False(limit.IsLimited);
        Observe(150, times: 2);
        Assert.Equal(66, gate.Limit);

        // What was let in before is still on its way through.
        Observe(150, times: 1);
        Assert.Equal(66, gate.Limit);
        for (var i = 0; i < 40; i++) gate.Leave();
        Observe(150, times: 20);
        Assert.InRange(gate.Limit, options.LeastCalls, 30);
        for (var i = 0; i < 100 && gate.Limit > options.LeastCalls; i++) Observe(500);
        Assert.Equal(options.LeastCalls, gate.Limit);

        // A part of what comes is refused, and more the longer work waits.
        Assert.InRange(limit.Part, 0.5, 0.98);

        // It grows while it is reached, and is gone when it has not been for a while.
        Observe(5, times: 60);
        Assert.InRange(gate.Limit, 60, 80);
        while (gate.UnderWay > 0) gate.Leave();
        Observe(5, times: 60);
        Assert.False(limit.IsLimited);
        Assert.Equal(0, limit.Part);

        void Observe(int delay, int times = 1)
        {
            for (var i = 0; i < times; i++)
            {
                clock.Advance(TimeSpan.FromMilliseconds(100));
                limit.Observe(TimeSpan.FromMilliseconds(delay), refused: false);
            }
        }
    }

    [Fact]
    public async Task An_overloaded_gateway_refuses_with_when_to_return_and_serves_admins_first_and_batches_last()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Shedding.Enabled = true;
            options.Shedding.Queue = 0;
        });
        var shedding = host.Services.GetServices<IRpcFilter>().OfType<SheddingFilter>().Single();
        var gate = shedding.Gate;

        // How busy this machine is must not matter.
        shedding.StopLooking();
        gate.Limit = 4;
        var held = Enumerable.Range(0, 2).Select(_ => host.PostAsync("/rpc/probe/a/Hold", "{}")).ToList();
        await host.Grains.HeldAsync(2);
        var batch = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Nothing") { Content = new StringContent("{}", null, "application/json"), Headers = { { "x-granary-priority", "batch" } } };
        await host.Client.SendAsync(batch).ProblemAsync(503, "UNAVAILABLE");

        // Of the method, by its contract; Nothing would still be let in.
        await host.PostAsync("/rpc/probe/a/ForScopes", "{}", host.As(host.Services.GetRequiredService<TokenIssuer>().Issue("reader", [], TimeSpan.FromHours(1), ["parcels.read", "parcels.write"], null))).ProblemAsync(503, "UNAVAILABLE");
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
        held.AddRange(Enumerable.Range(0, 2).Select(_ => host.PostAsync("/rpc/probe/a/Hold", "{}")));
        await host.Grains.HeldAsync(4);

        // No header makes a call matter more.
        var high = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Nothing") { Content = new StringContent("{}", null, "application/json"), Headers = { { "x-granary-priority", "high" } } };
        var problem = await host.Client.SendAsync(high).ProblemAsync(503, "UNAVAILABLE");
        Assert.InRange(problem.Response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2);
        Assert.Contains("UNAVAILABLE", await host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","id":1,"method":"probe.Nothing","params":{"key":"a"}}""").OkAsync(), StringComparison.Ordinal);
        await host.PostAsync("/rpc/probe/a/Count", """{"to":3}""").ProblemAsync(503, "UNAVAILABLE");
        await host.PostAsync("/rpc/probe/a/Nothing", "{}", host.As(host.Token("root", "admin"))).OkAsync(204);
        using (var health = await host.Anonymous.GetAsync("/healthz")) Assert.Equal(200, (int)health.StatusCode);

        host.Grains.Go.SetResult();
        foreach (var call in held) await call.OkAsync();
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
        Assert.Equal(0, gate.UnderWay);
    }

    [Fact]
    public async Task A_priority_of_something_that_there_is_not_ends_the_start()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(options => options.Shedding.Priorities["prope"] = CallPriority.Batch));
        Assert.Contains("'prope'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_hangs_does_not_take_the_others_with_it()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Bulkheads["probe"] = new BulkheadOptions { Concurrency = 2, Queue = 1, Wait = s_long });
        var held = Enumerable.Range(0, 3).Select(_ => host.PostAsync("/rpc/probe/a/Hold", "{}")).ToArray();
        await host.Grains.HeldAsync(2);

        // Two are under way and one waits; which of three requests that is, is not known, nor when it arrives.
        HttpResponseMessage refused;
        for (var tries = 0; (int)(refused = await host.PostAsync("/rpc/probe/a/Nothing", "{}", Impatient(host))).StatusCode != 429; tries++)
        {
            refused.Dispose();
            Assert.True(tries < 1000, "It was never full.");
        }

        Assert.Contains("2 calls under way", (await Task.FromResult(refused).ProblemAsync(429, "RESOURCE_EXHAUSTED")).Detail, StringComparison.Ordinal);
        await host.Client.GetAsync("/rpc/numbered/1/Key").OkAsync();
        host.Grains.Go.SetResult();
        foreach (var call in held) await call.OkAsync();
        await host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204);
    }

    [Fact]
    public async Task Who_waits_at_a_bulkhead_waits_no_longer_than_the_call_may_take()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Bulkheads["probe"] = new BulkheadOptions { Concurrency = 1, Queue = 10, Wait = s_long });
        var held = host.PostAsync("/rpc/probe/a/Hold", "{}");
        await host.Grains.HeldAsync(1);
        await host.PostAsync("/rpc/probe/a/Nothing", "{}", Impatient(host)).ProblemAsync(429, "RESOURCE_EXHAUSTED");
        host.Grains.Go.SetResult();
        await held.OkAsync();
    }

    private static HttpClient Impatient(GatewayHost host)
    {
        var client = host.As(host.Token("bob", "user"));
        client.DefaultRequestHeaders.Add("Request-Timeout", "0.05");
        return client;
    }
}
