using Granary.Client.Tests.Support;
using Granary.Rpc;
using Granary.Rpc.Retries;

namespace Granary.Client.Tests;

/// <summary>What is sent again, and what never.</summary>
public sealed class RetryTests
{
    private const int Unavailable = 14;

    [Fact]
    public async Task A_read_is_sent_again_when_the_server_is_unavailable()
    {
        await using var server = await ScriptedServer.StartAsync((context, call) => call < 3 ? ScriptedServer.EndAsync(context, Unavailable) : ScriptedServer.ReplyAsync(context, "third"));
        await using var client = Clients.Of(null, server.Address);
        Assert.Equal("third", await client.GetGrain<IProbeGrain>("a").Key());
        Assert.Equal(3, server.Calls);
    }

    [Fact]
    public async Task A_stream_of_results_is_asked_for_again_when_it_did_not_begin()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, call) =>
        {
            if (call == 1)
            {
                await ScriptedServer.EndAsync(context, Unavailable);
                return;
            }

            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(ScriptedServer.Frame([8, 7]));
            ScriptedServer.Trailers(context, 0);
        });
        await using var client = Clients.Of(null, server.Address);
        var items = new List<long>();
        await foreach (var item in client.GetGrain<IProbeGrain>("a").Count(1)) items.Add(item);
        Assert.Equal([7L], items);
        Assert.Equal(2, server.Calls);
    }

    [Fact]
    public async Task What_may_have_changed_something_is_not_sent_again()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.EndAsync(context, Unavailable, "not%20now"));
        await using var client = Clients.Of(null, server.Address);
        var error = await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Multiply(7, 8));
        Assert.Equal((StatusCode.Unavailable, "not now"), (error.Code, error.Message));
        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public async Task Another_error_is_final()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.EndAsync(context, 5));
        await using var client = Clients.Of(null, server.Address);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public async Task Retries_end_with_the_budget()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.EndAsync(context, Unavailable));
        await using var client = Clients.Of(
            o =>
            {
                o.Retries.Attempts = 10;
                o.Retries.BudgetReserve = 4;
                o.Retries.BudgetRatio = 0;
            },
            server.Address);
        for (var i = 0; i < 10; i++) await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key());
        Assert.Equal(14, server.Calls);
    }

    [Fact]
    public void Calls_fill_the_budget_up_to_its_reserve()
    {
        var budget = new RetryBudget(0.1, 2);
        Assert.True(budget.TryTake());
        Assert.True(budget.TryTake());
        Assert.False(budget.TryTake());
        for (var i = 0; i < 9; i++) budget.Deposit();
        Assert.False(budget.TryTake());
        budget.Deposit();
        Assert.True(budget.TryTake());
        Assert.False(budget.TryTake());
        for (var i = 0; i < 1000; i++) budget.Deposit();
        Assert.Equal([true, true, false], new[] { budget.TryTake(), budget.TryTake(), budget.TryTake() });
    }

    [Fact]
    public async Task No_retry_comes_after_the_deadline()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.EndAsync(context, Unavailable));
        await using var client = Clients.Of(
            o =>
            {
                o.Retries.FirstDelay = o.Retries.MaximumDelay = TimeSpan.FromMinutes(1);
                o.Deadline = TimeSpan.FromMilliseconds(1500);
            },
            server.Address);

        // Either the wait does not fit, or it does and the deadline cuts it: more than a few attempts do not happen.
        var error = await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key());
        Assert.True(error.Code is StatusCode.Unavailable or StatusCode.DeadlineExceeded);
        Assert.InRange(server.Calls, 1, 3);
    }

    [Fact]
    public async Task The_wait_that_the_server_asks_for_is_kept_or_the_call_ends()
    {
        await using var host = await GatewayHost.StartAsync();
        await using var client = host.Client(o => o.Deadline = TimeSpan.FromSeconds(6));
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // Unavailable, and please not before 7 s.
            await foreach (var item in client.GetGrain<IProbeGrain>("a").Break(0, "Unavailable")) Assert.Fail($"{item}");
        });
        Assert.Equal((StatusCode.Unavailable, TimeSpan.FromSeconds(7)), (error.Code, error.RetryAfter));
    }

    [Fact]
    public async Task A_refused_token_is_replaced_once()
    {
        var asked = 0;
        await using var server = await ScriptedServer.StartAsync((context, _) =>
            context.Request.Headers.Authorization == "Bearer token 2" ? ScriptedServer.ReplyAsync(context, "in") : ScriptedServer.EndAsync(context, 16));
        await using var client = Clients.Of(o => o.TokenProvider = _ => new($"token {Interlocked.Increment(ref asked)}"), server.Address);
        Assert.Equal("in", await client.GetGrain<IProbeGrain>("a").Key());
        Assert.Equal("in", await client.GetGrain<IProbeGrain>("a").Key());
        Assert.Equal((2, 3), (asked, server.Calls));
    }

    [Fact]
    public async Task A_token_that_is_refused_twice_ends_the_call()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.EndAsync(context, 16));
        await using var client = Clients.Of(o => o.TokenProvider = _ => new("old"), server.Address);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
        Assert.Equal(2, server.Calls);
    }

    [Fact]
    public async Task A_provider_that_fails_ends_the_call_and_is_asked_again_by_the_next()
    {
        var asked = 0;
        await using var server = await ScriptedServer.SayingAsync("in");
        await using var client = Clients.Of(o => o.TokenProvider = _ => Interlocked.Increment(ref asked) == 1 ? throw new InvalidOperationException("the vault is closed") : new("t"), server.Address);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
        Assert.Equal("in", await client.GetGrain<IProbeGrain>("a").Key());
    }
}
