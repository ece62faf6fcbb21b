using Granary.Rpc;
using Orleans.Concurrency;

namespace Granary.Engine.Tests;

public interface IEndingGrain : IGrainWithStringKey
{
    Task<bool> Hold(string gate);

    /// <summary>Waits for its token at the gate; says afterwards whether the token fired.</summary>
    Task WaitForToken(string gate, CancellationToken cancellation = default);

    Task<int> Runs();

    Task Count();

    /// <summary>Passes what waits: once it has answered, whatever was sent before it has arrived.</summary>
    [AlwaysInterleave]
    Task Passing();

    [OneWay]
    Task Notify(string gate);

    Task Throw(string message);

    ValueTask<string> ThrowRpc();

    /// <summary>What is left of the deadline, in milliseconds, here and in a nested call.</summary>
    Task<long[]> Remaining(IEndingGrain nested);

    ValueTask<long> RemainingHere();

    Task<bool> NestedTokenFires(IEndingGrain nested, string gate, CancellationToken cancellation = default);
}

[Serializable]
public sealed class SampleException(string message) : Exception(message);

public class EndingGrain : Grain, IEndingGrain
{
    private int _runs;

    public Task Passing() => Task.CompletedTask;

    public async Task<bool> Hold(string gate)
    {
        await Gates.Get(gate).Wait();
        return true;
    }

    public async Task WaitForToken(string gate, CancellationToken cancellation)
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellation.Register(fired.SetResult);
        _ = Gates.Get(gate).Wait();
        await fired.Task;
        _ = Gates.Get(gate + "-fired").Wait();
        cancellation.ThrowIfCancellationRequested();
    }

    public Task<int> Runs() => Task.FromResult(_runs);

    public Task Count()
    {
        _runs++;
        return Task.CompletedTask;
    }

    public Task Notify(string gate)
    {
        _ = Gates.Get(gate).Wait();
        throw new SampleException("nobody sees this");
    }

    public Task Throw(string message) => throw new SampleException(message);

    public ValueTask<string> ThrowRpc() => throw RpcException.Invalid("name", "is taken");

    public async Task<long[]> Remaining(IEndingGrain nested)
    {
        var here = await RemainingHere();
        await Task.Delay(30);
        return [here, await nested.RemainingHere()];
    }

    public ValueTask<long> RemainingHere() => new((long)(RpcDeadline.Remaining?.TotalMilliseconds ?? -1));

    public async Task<bool> NestedTokenFires(IEndingGrain nested, string gate, CancellationToken cancellation)
    {
        try
        {
            await nested.WaitForToken(gate, cancellation);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }
}

/// <summary>Invariants 3 and 4: a call ends, by result, error, cancellation or deadline, and what has expired is not started. On one silo and from a client over sockets.</summary>
public abstract class CallEndTests
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    protected abstract IGrainFactory Grains { get; }

    /// <summary>Deadlines pending on the caller's side.</summary>
    protected abstract int PendingDeadlines { get; }

    [Fact]
    public async Task A_call_ends_at_its_deadline_while_its_method_still_runs()
    {
        var grain = Grains.GetGrain<IEndingGrain>(_key);
        Task held;
        using (RpcDeadline.Within(TimeSpan.FromSeconds(2))) held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        await Assert.ThrowsAsync<TimeoutException>(() => held.WaitAsync(Gates.Within));
        Gates.Get(_key).Open();
        // The late end of the method harms nothing: the grain goes on.
        await grain.Count().WaitAsync(Gates.Within);
        Assert.Equal(1, await grain.Runs());
    }

    [Fact]
    public async Task A_call_whose_deadline_passed_in_the_mailbox_never_runs()
    {
        var grain = Grains.GetGrain<IEndingGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        Task late;
        using (RpcDeadline.Within(TimeSpan.FromMilliseconds(100))) late = grain.Count();
        await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(Gates.Within));
        await grain.Passing().WaitAsync(Gates.Within);
        Gates.Get(_key).Open();
        Assert.True(await held.WaitAsync(Gates.Within));
        Assert.Equal(0, await grain.Runs());
    }

    [Fact]
    public async Task A_call_cancelled_in_the_mailbox_never_runs_and_its_caller_does_not_wait()
    {
        var grain = Grains.GetGrain<IEndingGrain>(_key);
        var held = grain.Hold(_key);
        await Gates.Get(_key).Arrival();
        using var cancel = new CancellationTokenSource();
        var waiting = grain.WaitForToken(_key + "-never", cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Gates.Within));
        await grain.Passing().WaitAsync(Gates.Within);
        Gates.Get(_key).Open();
        await held.WaitAsync(Gates.Within);
        Assert.Equal(0, await grain.Runs());
    }

    [Fact]
    public async Task Cancelling_reaches_the_method_through_nested_calls()
    {
        using var cancel = new CancellationTokenSource();
        var outer = Grains.GetGrain<IEndingGrain>(_key);
        var nested = Grains.GetGrain<IEndingGrain>(_key + "-nested");
        var call = outer.NestedTokenFires(nested, _key, cancel.Token);
        await Gates.Get(_key).Arrival();
        await cancel.CancelAsync();
        await Gates.Get(_key + "-fired").Arrival();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Gates.Within));
    }

    [Fact]
    public async Task The_methods_token_fires_when_the_deadline_passes()
    {
        var grain = Grains.GetGrain<IEndingGrain>(_key);
        Task call;
        using (RpcDeadline.Within(TimeSpan.FromSeconds(2))) call = grain.WaitForToken(_key);
        await Gates.Get(_key).Arrival();
        await Gates.Get(_key + "-fired").Arrival();
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Gates.Within));
    }

    [Fact]
    public async Task A_nested_call_has_no_more_time_than_its_caller()
    {
        using var deadline = RpcDeadline.Within(TimeSpan.FromSeconds(5));
        var remaining = await Grains.GetGrain<IEndingGrain>(_key).Remaining(Grains.GetGrain<IEndingGrain>(_key + "-nested"));
        Assert.InRange(remaining[0], 1, 5000);
        Assert.InRange(remaining[1], 1, remaining[0]);
    }

    [Fact]
    public async Task A_call_with_a_cancelled_token_is_not_sent()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Grains.GetGrain<IEndingGrain>(_key).WaitForToken(_key, cancel.Token));
    }

    [Fact]
    public async Task An_error_keeps_its_type_and_message()
    {
        var error = await Assert.ThrowsAsync<SampleException>(() => Grains.GetGrain<IEndingGrain>(_key).Throw("what happened"));
        Assert.Equal("what happened", error.Message);
        var rpc = await Assert.ThrowsAsync<RpcException>(() => Grains.GetGrain<IEndingGrain>(_key).ThrowRpc().AsTask());
        Assert.Equal(StatusCode.InvalidArgument, rpc.Code);
        Assert.Equal("name", Assert.Single(rpc.Violations).Field);
    }

    [Fact]
    public async Task A_one_way_call_runs_and_its_error_reaches_nobody()
    {
        await Grains.GetGrain<IEndingGrain>(_key).Notify(_key);
        await Gates.Get(_key).Arrival();
    }

    [Fact]
    public async Task Nothing_is_left_pending_after_calls_of_every_end()
    {
        var grain = Grains.GetGrain<IEndingGrain>(_key);
        for (var i = 0; i < 50; i++)
        {
            await grain.Count();
            await Assert.ThrowsAsync<SampleException>(() => grain.Throw("x"));
            using var cancel = new CancellationTokenSource();
            var gate = $"{_key}-{i}";
            var cancelled = grain.WaitForToken(gate, cancel.Token);
            await Gates.Get(gate).Arrival();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }

        await Eventually.True(() => PendingDeadlines == 0, "no deadline is pending");
    }
}

public sealed class LocalCallEndTests(LocalSilo silo) : CallEndTests, IClassFixture<LocalSilo>
{
    protected override IGrainFactory Grains => silo.Grains;

    protected override int PendingDeadlines => silo.Core.Deadlines.Count;
}

public sealed class RemoteCallEndTests(ThreeSilos silos) : CallEndTests, IClassFixture<ThreeSilos>
{
    protected override IGrainFactory Grains => silos.Cluster.Client;

    protected override int PendingDeadlines => 0;
}
