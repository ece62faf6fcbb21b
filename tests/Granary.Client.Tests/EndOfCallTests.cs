using Granary.Client.Tests.Support;
using Granary.Rpc;

namespace Granary.Client.Tests;

/// <summary>Deadlines, cancellation and bounds.</summary>
public sealed class EndOfCallTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private GranaryClient _client = null!;

    private IProbeGrain Probe => _client.GetGrain<IProbeGrain>("a");

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(o => o.Deadlines.Maximum = TimeSpan.FromMinutes(5));
        _client = _host.Client();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_deadline_travels_and_ends_the_call_on_both_sides()
    {
        // There is a connection: the time is for the call, which is to get as far as the grain.
        await _client.GetGrain<IProbeGrain>("a").Key();
        var error = await Assert.ThrowsAsync<RpcException>(() => _client.With(new CallOptions { Deadline = TimeSpan.FromSeconds(2) }).GetGrain<IProbeGrain>("a").Wait());
        Assert.Equal(StatusCode.DeadlineExceeded, error.Code);
        await _host.Grains.Ended.Task.Within();
        Assert.InRange(_host.Grains.Remaining!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task The_clients_deadline_is_5_seconds_and_reaches_the_grain()
    {
        using var cancel = new CancellationTokenSource();
        await using var client = _host.Client(o => o.Deadline = new GranaryClientOptions().Deadline);
        var call = client.GetGrain<IProbeGrain>("a").Wait(cancel.Token);
        await Task.WhenAny(call, _host.Grains.Begun.Task).Within();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        Assert.InRange(_host.Grains.Remaining!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_shorter_deadline_around_the_call_counts()
    {
        using (RpcDeadline.Within(TimeSpan.FromMilliseconds(300)))
        {
            Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => Probe.Wait())).Code);
        }
    }

    [Fact]
    public async Task A_deadline_ends_a_stream_too()
    {
        var stream = _client.With(new CallOptions { Deadline = TimeSpan.FromMilliseconds(500) }).GetGrain<IProbeGrain>("a").Live();
        await using var items = stream.GetAsyncEnumerator();
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await items.MoveNextAsync())).Code);
    }

    [Fact]
    public async Task A_silent_server_does_not_outlast_the_deadline()
    {
        await using var server = await ScriptedServer.StartAsync(async (context, _) => await Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var client = Clients.Of(o => o.Deadline = TimeSpan.FromMilliseconds(200), server.Address);
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key())).Code);
    }

    [Fact]
    public async Task A_cancelled_call_ends_at_the_caller_and_stops_the_grain()
    {
        using var cancel = new CancellationTokenSource();
        var call = Probe.Wait(cancel.Token);
        await _host.Grains.Begun.Task.Within();
        await cancel.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(cancel.Token, error.CancellationToken);
        await _host.Grains.Ended.Task.Within();
        Assert.True(Probe.Key(cancel.Token).IsCanceled);
    }

    [Fact]
    public async Task A_cancelled_stream_stops_the_grain()
    {
        using var cancel = new CancellationTokenSource();
        await using var items = Probe.Live().GetAsyncEnumerator(cancel.Token);
        var moving = items.MoveNextAsync().AsTask();
        await _host.Grains.Begun.Task.Within();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => moving);
        await _host.Grains.Ended.Task.Within();
    }

    [Fact]
    public async Task One_call_too_many_ends_at_once()
    {
        await using var client = _host.Client(o => o.MaximumCalls = 2);
        var probe = client.GetGrain<IProbeGrain>("a");
        using var cancel = new CancellationTokenSource();
        Task[] held = [probe.Wait(cancel.Token), probe.Wait(cancel.Token)];
        var error = await Assert.ThrowsAsync<RpcException>(() => probe.Key());
        Assert.Equal(StatusCode.ResourceExhausted, error.Code);
        Assert.Contains("MaximumCalls", error.Message, StringComparison.Ordinal);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(held));
        await Eventually.HoldsAsync(async () => await probe.Key() == "a", "a place is free again");
    }

    [Fact]
    public async Task Disposal_ends_the_calls_under_way()
    {
        var client = _host.Client();
        var call = client.GetGrain<IProbeGrain>("a").Wait();
        await _host.Grains.Begun.Task.Within();
        await client.DisposeAsync();
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => call)).Code);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetGrain<IProbeGrain>("a").Key());
        await _host.Grains.Ended.Task.Within();
    }
}
