using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Granary.Codec;

namespace Granary.Calls;

/// <summary>A call that ends with one value; the awaitable its caller gets.</summary>
/// <typeparam name="TResult">The result; <see cref="NoResult"/> for methods without one.</typeparam>
public abstract class ResultCall<TResult> : Call, IValueTaskSource<TResult>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<TResult> _outcome;
    private protected TResult? Result;
    private protected bool AsTask;
    private Action? _onInvoked;

    /// <summary>The method's task when it finished in place with an immutable result: handed to the caller as it is.</summary>
    private protected ValueTask<TResult> Finished;

    private protected bool HasFinishedTask;

    internal override object? FilterResult
    {
        get => typeof(TResult) == typeof(NoResult) ? null : Result;
        set => Result = value is null ? default : (TResult)value;
    }

    TResult IValueTaskSource<TResult>.GetResult(short token) => TakeOutcome(token);

    void IValueTaskSource.GetResult(short token) => TakeOutcome(token);

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _outcome.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _outcome.OnCompleted(continuation, state, token, flags);

    internal override void CompleteFromFilters() => Complete(Result!);

    internal override async Task<object?> SendAndWait(CallRouter router, GrainProxy? target)
    {
        Share();
        if (IsOneWay) WithoutCaller();
        router.SendFiltered(this, target);
        if (IsOneWay) return null;
        var result = await new ValueTask<TResult>(this, Version);
        return typeof(TResult) == typeof(NoResult) ? null : result;
    }

    private protected short Version => _outcome.Version;

    /// <summary>Gives the result to whoever waits, unless the call has ended.</summary>
    private protected void Complete(TResult result)
    {
        if (!IsShared)
        {
            Result = result;
            State |= InlineDone;
            return;
        }

        if (!TryClaim()) return;
        Detach();
        if (Sink is { } sink)
        {
            Result = result;
            sink.OnCompleted(this);
            return;
        }

        // An engine thread or a turn has a context: awaiting code must not run on it. (Tasks look at the current context themselves.)
        _outcome.RunContinuationsAsynchronously = !AsTask && SynchronizationContext.Current is not null;
        _outcome.SetResult(result);
    }

    private protected override void SignalError(Exception error)
    {
        _outcome.RunContinuationsAsynchronously = !AsTask && SynchronizationContext.Current is not null;
        _outcome.SetException(error);
    }

    private protected override void ResetOutcome()
    {
        _outcome.Reset();
        Result = default;
        AsTask = false;
        if (HasFinishedTask)
        {
            Finished = default;
            HasFinishedTask = false;
        }
    }

    /// <summary>The delegate that continues when the method's task completes; made once for each pooled call.</summary>
    private protected Action WhenInvoked => _onInvoked ??= () => Turn!.OnInvoked(this);

    private ValueTaskSourceStatus GetStatus(short token)
    {
        Check(token);
        return _outcome.GetStatus(token);
    }

    private void Check(short token)
    {
        if (token != _outcome.Version) throw new InvalidOperationException("The ValueTask of a grain call was awaited twice. Await it once, or call AsTask() first.");
    }

    private TResult TakeOutcome(short token)
    {
        Check(token);
        try
        {
            return _outcome.GetResult(token);
        }
        finally
        {
            ReleaseCaller();
        }
    }
}

/// <summary>The result of methods that have none.</summary>
public readonly struct NoResult;

/// <summary>A call of a method that returns <see cref="Task{TResult}"/> or <see cref="ValueTask{TResult}"/>. Base of generated calls.</summary>
/// <typeparam name="TResult">The result.</typeparam>
public abstract class Call<TResult> : ResultCall<TResult>
{
    private ValueTask<TResult> _running;

    /// <summary>Calls the method.</summary>
    protected abstract ValueTask<TResult> InvokeAsync(object target);

    /// <summary>A deep copy of a mutable result; the result itself otherwise.</summary>
    protected virtual TResult CopyResult(TResult v) => v;

    /// <summary>Writes the reply message.</summary>
    public abstract void WriteResult(ref WireWriter w, TResult value);

    /// <summary>Reads the reply message.</summary>
    public abstract TResult ReadResult(ref WireReader r);

    /// <summary>Sends the call; for methods that return <see cref="Task{TResult}"/>.</summary>
    public Task<TResult> SendTask(GrainProxy target, CancellationToken cancellation)
    {
        AsTask = true;
        if (Prepare(target, cancellation)) target.Router.Send(this, target);
        if (!IsInlineDone) return new ValueTask<TResult>(this, Version).AsTask();
        if (HasFinishedTask)
        {
            var finished = Finished;
            Recycle();
            return finished.AsTask();
        }

        var error = Error;
        var result = Result!;
        Recycle();
        return error is null ? Task.FromResult(result) : Failed(error);
    }

    /// <summary>Sends the call; for methods that return <see cref="ValueTask{TResult}"/>.</summary>
    public ValueTask<TResult> Send(GrainProxy target, CancellationToken cancellation)
    {
        if (Prepare(target, cancellation)) target.Router.Send(this, target);
        if (!IsInlineDone) return new ValueTask<TResult>(this, Version);
        var error = Error;
        var result = Result!;
        Recycle();
        return error is null ? new ValueTask<TResult>(result) : new ValueTask<TResult>(Failed(error));
    }

    internal sealed override bool Start(object target)
    {
        ValueTask<TResult> task;
        try
        {
            task = InvokeAsync(target);
            if (task.IsCompleted)
            {
                if (AsTask && !IsShared && task.IsCompletedSuccessfully && !CopiesResult.Of(this))
                {
                    Finished = task;
                    HasFinishedTask = true;
                    State |= InlineDone;
                    return true;
                }

                var result = task.GetAwaiter().GetResult();
                Complete(Sink is null ? CopyResult(result) : result);
                return true;
            }
        }
        catch (Exception error)
        {
            Fail(error);
            return true;
        }

        _running = task;
        Share();
        task.GetAwaiter().UnsafeOnCompleted(WhenInvoked);
        return false;
    }

    internal sealed override void FinishInvoke()
    {
        var task = _running;
        _running = default;
        try
        {
            var result = task.GetAwaiter().GetResult();
            if (IsClaimed) return;
            Complete(Sink is null ? CopyResult(result) : result);
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    internal sealed override async ValueTask InvokeForFilters(object target)
    {
        var result = await InvokeAsync(target);
        Result = Sink is null ? CopyResult(result) : result;
    }

    internal sealed override void CompleteFromReply(ref WireReader r)
    {
        TResult result;
        try
        {
            result = ReadResult(ref r);
        }
        catch (Exception error)
        {
            Fail(error);
            return;
        }

        Complete(result);
    }

    internal sealed override void WriteReply(ref WireWriter w) => WriteResult(ref w, Result!);

    private static Task<TResult> Failed(Exception error) =>
        error is OperationCanceledException { CancellationToken.IsCancellationRequested: true } cancelled
            ? Task.FromCanceled<TResult>(cancelled.CancellationToken)
            : Task.FromException<TResult>(error);

    /// <summary>Whether the generated call overrides <see cref="CopyResult"/>; looked up once for each method.</summary>
    private static class CopiesResult
    {
        private static readonly ConditionalWeakTable<CallMethod, object> s_known = [];

        internal static bool Of(Call<TResult> call)
        {
            if (!RuntimeHelpers.IsReferenceOrContainsReferences<TResult>() || typeof(TResult) == typeof(string)) return false;
            return (bool)s_known.GetValue(call.Method, _ => call.GetType()
                .GetMethod(nameof(CopyResult), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.DeclaringType != typeof(Call<TResult>));
        }
    }
}

/// <summary>A call of a method that returns <see cref="Task"/>, <see cref="ValueTask"/> or nothing. Base of generated calls.</summary>
public abstract class VoidCall : ResultCall<NoResult>
{
    private ValueTask _running;

    /// <summary>Calls the method.</summary>
    protected abstract ValueTask InvokeAsync(object target);

    /// <summary>Sends the call; for methods that return <see cref="Task"/>.</summary>
    public Task SendTask(GrainProxy target, CancellationToken cancellation)
    {
        AsTask = true;
        if (Prepare(target, cancellation)) target.Router.Send(this, target);
        if (!IsInlineDone) return new ValueTask(this, Version).AsTask();
        var error = Error;
        Recycle();
        return error is null ? Task.CompletedTask : Failed(error);
    }

    /// <summary>Sends the call; for methods that return <see cref="ValueTask"/>.</summary>
    public ValueTask Send(GrainProxy target, CancellationToken cancellation)
    {
        if (Prepare(target, cancellation)) target.Router.Send(this, target);
        if (!IsInlineDone) return new ValueTask(this, Version);
        var error = Error;
        Recycle();
        return error is null ? default : new ValueTask(Failed(error));
    }

    /// <summary>Sends the call and forgets it: an error is logged where the grain is, and not seen here.</summary>
    public void SendOneWay(GrainProxy target)
    {
        if (Prepare(target, CancellationToken.None))
        {
            // A one-way call is always shared: there is no caller who could take an inline outcome.
            Share();
            WithoutCaller();
            target.Router.Send(this, target);
        }
    }

    /// <inheritdoc/>
    public override void WriteArguments(ref WireWriter w)
    {
    }

    internal sealed override bool Start(object target)
    {
        ValueTask task;
        try
        {
            task = InvokeAsync(target);
            if (task.IsCompleted)
            {
                task.GetAwaiter().GetResult();
                Complete(default);
                return true;
            }
        }
        catch (Exception error)
        {
            Fail(error);
            return true;
        }

        _running = task;
        Share();
        task.GetAwaiter().UnsafeOnCompleted(WhenInvoked);
        return false;
    }

    internal sealed override void FinishInvoke()
    {
        var task = _running;
        _running = default;
        try
        {
            task.GetAwaiter().GetResult();
            Complete(default);
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    internal sealed override async ValueTask InvokeForFilters(object target) => await InvokeAsync(target);

    internal sealed override void CompleteFromReply(ref WireReader r) => Complete(default);

    internal sealed override void WriteReply(ref WireWriter w)
    {
    }

    private static Task Failed(Exception error) =>
        error is OperationCanceledException { CancellationToken.IsCancellationRequested: true } cancelled
            ? Task.FromCanceled(cancelled.CancellationToken)
            : Task.FromException(error);
}
