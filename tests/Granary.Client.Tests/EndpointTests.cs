using System.Net;
using System.Net.Sockets;
using Granary.Client.Endpoints;
using Granary.Client.Tests.Support;
using Granary.Rpc;

namespace Granary.Client.Tests;

/// <summary>Several endpoints: who is called, who is left out, who comes back.</summary>
public sealed class EndpointTests
{
    [Fact]
    public async Task Calls_take_turns()
    {
        await using var one = await ScriptedServer.SayingAsync("one");
        await using var two = await ScriptedServer.SayingAsync("two");
        await using var client = Clients.Of(null, one.Address, two.Address);
        for (var i = 0; i < 10; i++) await client.GetGrain<IProbeGrain>("a").Key();
        Assert.Equal((5, 5), (one.Calls, two.Calls));
    }

    [Fact]
    public async Task The_first_serves_while_it_can()
    {
        var one = await ScriptedServer.SayingAsync("one");
        await using var two = await ScriptedServer.SayingAsync("two");
        await using var client = Clients.Of(o => o.Balancing = Balancing.PickFirst, one.Address, two.Address);
        for (var i = 0; i < 5; i++) Assert.Equal("one", await client.GetGrain<IProbeGrain>("a").Key());
        await one.DisposeAsync();
        for (var i = 0; i < 5; i++) Assert.Equal("two", await client.GetGrain<IProbeGrain>("a").Key());
    }

    [Fact]
    public async Task The_least_busy_is_called()
    {
        var stuck = new TaskCompletionSource();
        await using var one = await ScriptedServer.StartAsync(async (context, _) =>
        {
            await stuck.Task;
            await ScriptedServer.ReplyAsync(context, "one");
        });
        await using var two = await ScriptedServer.SayingAsync("two");
        await using var client = Clients.Of(o => o.Balancing = Balancing.LeastRequests, one.Address, two.Address);
        var calls = Enumerable.Range(0, 2).Select(_ => client.GetGrain<IProbeGrain>("a").Key()).ToArray();
        await Eventually.HoldsAsync(() => one.Calls == 1, "one call is stuck");

        // While the other is under way too, both are as busy.
        Assert.Equal("two", await await Task.WhenAny(calls));
        for (var i = 0; i < 10; i++) Assert.Equal("two", await client.GetGrain<IProbeGrain>("a").Key());
        stuck.SetResult();
        await Task.WhenAll(calls);
        Assert.Equal(1, one.Calls);
    }

    [Fact]
    public async Task An_endpoint_that_refuses_is_passed_over_also_for_calls_that_change_something()
    {
        await using var host = await GatewayHost.StartAsync();
        await using var client = Clients.Of(o => o.TokenProvider = _ => new(host.Token("alice", "user")), Refusing(), host.Address);
        for (var i = 0; i < 5; i++) Assert.Equal(56, await client.GetGrain<IProbeGrain>("a").Multiply(7, 8));
        for (var i = 0; i < 5; i++) Assert.Equal(6, await client.GetGrain<IProbeGrain>("a").Sum(RpcStream.From([1d, 2, 3])));
    }

    [Fact]
    public async Task Nobody_at_all_is_unavailable_at_once()
    {
        await using var client = Clients.Of(null, Refusing());
        var error = await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Multiply(7, 8));
        Assert.Equal(StatusCode.Unavailable, error.Code);
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_dies_under_a_call_ends_it_and_is_left_out()
    {
        var begun = new TaskCompletionSource();
        var one = await ScriptedServer.StartAsync(async (context, _) =>
        {
            begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var (client, runtime) = Clients.Open(Clients.Options(o => o.Balancing = Balancing.PickFirst, one.Address));
        await using var _ = client;
        var call = client.GetGrain<IProbeGrain>("a").Multiply(7, 8);
        await begun.Task.Within();
        await one.DisposeAsync();
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => call.Within())).Code);
        Assert.False(runtime.Endpoints.All.Single().IsAvailable);
        await Eventually.HoldsAsync(() => runtime.Endpoints.All.Single().Active == 0, "neither the call nor a probe is under way");
    }

    [Fact]
    public async Task An_endpoint_that_is_well_again_is_found_by_its_probe()
    {
        var one = await ScriptedServer.SayingAsync("one");
        await using var two = await ScriptedServer.SayingAsync("two");
        var port = one.Address.Port;
        var (client, runtime) = Clients.Open(Clients.Options(o => o.Balancing = Balancing.PickFirst, one.Address, two.Address));
        await using var _ = client;
        Assert.Equal("one", await client.GetGrain<IProbeGrain>("a").Key());
        await one.DisposeAsync();
        Assert.Equal("two", await client.GetGrain<IProbeGrain>("a").Key());
        Assert.False(runtime.Endpoints.All[0].IsAvailable);

        await using var again = await ScriptedServer.SayingAsync("one", port);
        await Eventually.HoldsAsync(() => runtime.Endpoints.All[0].IsAvailable, "the probe finds it");
        Assert.Equal("one", await client.GetGrain<IProbeGrain>("a").Key());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task What_the_health_service_says_counts(int status, bool isWell)
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.ReplyAsync(context, "x"), health: async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(ScriptedServer.Frame([8, (byte)status]));
            ScriptedServer.Trailers(context, 0);
        });
        var (client, runtime) = Clients.Open(Clients.Options(null, server.Address));
        await using var _ = client;
        Assert.Equal(isWell, await HealthProbe.AskAsync(runtime.Endpoints.All.Single(), default));
    }

    [Fact]
    public async Task A_gateway_that_serves_is_well()
    {
        await using var host = await GatewayHost.StartAsync();
        var (client, runtime) = Clients.Open(Clients.Options(null, host.Address));
        await using var _ = client;
        Assert.True(await HealthProbe.AskAsync(runtime.Endpoints.All.Single(), default));
    }

    [Fact]
    public async Task A_name_stands_for_all_its_machines()
    {
        await using var one = await ScriptedServer.SayingAsync("one", address: IPAddress.Parse("127.0.0.1"));
        await using var two = await ScriptedServer.SayingAsync("two", one.Address.Port, IPAddress.Parse("127.0.0.2"));
        var options = Clients.Options(o => o.ResolveNames = true, new Uri($"http://granary.invalid:{one.Address.Port}"));
        var asked = 0;
        var (client, runtime) = Clients.Open(options, (name, _) =>
        {
            Assert.Equal("granary.invalid", name);
            Interlocked.Increment(ref asked);
            return Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.0.0.2")]);
        });
        await using var _ = client;
        for (var i = 0; i < 10; i++) await client.GetGrain<IProbeGrain>("a").Key();
        Assert.Equal((5, 5, 1), (one.Calls, two.Calls, asked));
        Assert.Equal(2, runtime.Endpoints.All.Count);
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_unavailable_and_asked_for_again()
    {
        await using var server = await ScriptedServer.SayingAsync("one");
        var asked = 0;
        var options = Clients.Options(
            o =>
            {
                o.ResolveNames = true;
                o.Retries.Attempts = 1;
            },
            new Uri($"http://granary.invalid:{server.Address.Port}"));
        var (client, _) = Clients.Open(options, (_, _) => Interlocked.Increment(ref asked) == 1 ? throw new SocketException((int)SocketError.HostNotFound) : Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        await using var owned = client;
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
        Assert.Equal("one", await client.GetGrain<IProbeGrain>("a").Key());
    }

    [Fact]
    public async Task What_is_no_gRPC_is_named()
    {
        await using var server = await ScriptedServer.StartAsync((context, _) =>
        {
            context.Response.StatusCode = 403;
            context.Response.ContentType = "text/html";
            return Task.CompletedTask;
        });
        await using var client = Clients.Of(null, server.Address);
        var error = await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key());
        Assert.Equal(StatusCode.PermissionDenied, error.Code);
        Assert.Contains("HTTP 403", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 }, StatusCode.Internal)] // cut within the head
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 10 }, StatusCode.Internal)] // cut within the message
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, StatusCode.Internal)] // compressed
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, StatusCode.ResourceExhausted)] // 4 GB
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 10, 200 }, StatusCode.Internal)] // no such message
    [InlineData(new byte[] { }, StatusCode.Internal)] // well, but no answer
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, StatusCode.Internal)] // two answers
    public async Task Hostile_answers_end_in_a_clean_error(byte[] body, StatusCode code)
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(body);
            ScriptedServer.Trailers(context, 0);
        });
        await using var client = Clients.Of(null, server.Address);
        Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
    }

    [Fact]
    public async Task An_answer_without_a_status_is_no_success()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(ScriptedServer.Frame(ScriptedServer.Message("x")));
        });
        await using var client = Clients.Of(null, server.Address);
        Assert.Equal(StatusCode.Unknown, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
    }

    /// <summary>An address where nobody listens.</summary>
    private static Uri Refusing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
