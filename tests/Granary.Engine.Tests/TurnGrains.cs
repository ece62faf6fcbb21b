using Orleans.Concurrency;

namespace Granary.Engine.Tests;

public interface ITurnGrain : IGrainWithStringKey
{
    /// <summary>Waits at the gate named.</summary>
    Task<int> Hold(string gate);

    /// <summary>Counts the call.</summary>
    Task<int> Touch();

    [ReadOnly]
    Task<int> HoldReading(string gate);

    [ReadOnly]
    Task<int> Read();

    [AlwaysInterleave]
    Task<int> Peek();

    /// <summary>Yields in the middle and reports how many requests were inside at once.</summary>
    Task<int> Overlap();

    /// <summary>Leaves the grain's context in the middle and comes back; reports whether another turn ran at the same moment.</summary>
    Task<bool> LeaveAndReturn();

    /// <summary>Posts to the grain's context from many threads at once; reports how many of the callbacks ran while another did.</summary>
    Task<int> PostFromManyThreads(int threads, int each);

    /// <summary>Calls another grain, which calls this one back.</summary>
    Task<int> CallBackThrough(ITurnGrain other, bool allow);

    Task<int> CallBack(ITurnGrain self);
}

public class TurnGrain : Grain, ITurnGrain
{
    private int _touched;
    private int _inside;
    private int _parallel;

    public async Task<int> Hold(string gate)
    {
        await Gates.Get(gate).Wait();
        return ++_touched;
    }

    public Task<int> Touch() => Task.FromResult(++_touched);

    public async Task<int> HoldReading(string gate)
    {
        await Gates.Get(gate).Wait();
        return _touched;
    }

    public Task<int> Read() => Task.FromResult(_touched);

    public Task<int> Peek() => Task.FromResult(_touched);

    public async Task<int> Overlap()
    {
        var inside = ++_inside;
        await Task.Yield();
        inside = Math.Max(inside, _inside);
        await Task.Delay(0);
        await Task.Yield();
        _inside--;
        return inside;
    }

    public async Task<bool> LeaveAndReturn()
    {
        var overlapped = false;
        for (var i = 0; i < 20; i++)
        {
            await Task.Run(static () => Thread.SpinWait(20));
            overlapped |= Interlocked.Increment(ref _parallel) != 1;
            Thread.Sleep(0); // lets another turn in, if there is one
            Interlocked.Decrement(ref _parallel);
        }

        return overlapped;
    }

    public async Task<int> PostFromManyThreads(int threads, int each)
    {
        var context = SynchronizationContext.Current!;
        var overlaps = 0;
        var left = threads * each;
        var done = new TaskCompletionSource();
        for (var t = 0; t < threads; t++)
        {
            var thread = new Thread(() =>
            {
                for (var i = 0; i < each; i++)
                {
                    context.Post(
                        _ =>
                        {
                            if (Interlocked.Increment(ref _parallel) != 1) Interlocked.Increment(ref overlaps);
                            if (left % 16 == 0) Thread.Sleep(0);
                            Interlocked.Decrement(ref _parallel);
                            if (Interlocked.Decrement(ref left) == 0) done.SetResult();
                        },
                        null);
                }
            });
            thread.Start();
        }

        await done.Task;
        return overlaps;
    }

    public async Task<int> CallBackThrough(ITurnGrain other, bool allow)
    {
        using var section = allow ? RequestContext.AllowCallChainReentrancy() : RequestContext.SuppressCallChainReentrancy();
        return await other.CallBack(this.AsReference<ITurnGrain>());
    }

    public Task<int> CallBack(ITurnGrain self) => self.Touch();
}

public interface IReentrantGrain : IGrainWithStringKey
{
    Task Hold(string gate);

    Task<int> Touch();

    Task<bool> LeaveAndReturn();
}

[Reentrant]
public class ReentrantGrain : Grain, IReentrantGrain
{
    private int _parallel;

    public Task Hold(string gate) => Gates.Get(gate).Wait();

    public Task<int> Touch() => Task.FromResult(1);

    public async Task<bool> LeaveAndReturn()
    {
        var overlapped = false;
        for (var i = 0; i < 50; i++)
        {
            await Task.Run(static () => Thread.SpinWait(20));
            overlapped |= Interlocked.Increment(ref _parallel) != 1;
            Thread.Sleep(0); // lets another turn in, if there is one
            Interlocked.Decrement(ref _parallel);
        }

        return overlapped;
    }
}

public interface IPredicateGrain : IGrainWithStringKey
{
    Task Hold(string gate);

    Task<int> Add(int amount);
}

[MayInterleave(nameof(IsSmall))]
public class PredicateGrain : Grain, IPredicateGrain
{
    private int _sum;

    public static bool IsSmall(Orleans.Serialization.Invocation.IInvokable request) =>
        request.GetMethodName() == nameof(IPredicateGrain.Add) && (int)request.GetArgument(0)! < 10;

    public Task Hold(string gate) => Gates.Get(gate).Wait();

    public Task<int> Add(int amount) => Task.FromResult(_sum += amount);
}
