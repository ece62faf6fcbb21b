using System.Reflection;
using Granary.Calls;
using Granary.Engine.Activations;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Granary.Engine.Filters;

/// <summary>Runs one call through the silo's incoming filters, then the grain's own, then the method. On the grain's turns.</summary>
internal sealed class IncomingCallPath : IIncomingGrainCallContext
{
    private readonly Activation _activation;
    private readonly Call _call;
    private readonly CallTarget _turn;
    private readonly IReadOnlyList<IIncomingGrainCallFilter> _filters;
    private int _next;

    private IncomingCallPath(Activation activation, Call call)
    {
        _activation = activation;
        _call = call;
        _turn = call.Turn!;
        _filters = activation.Silo.IncomingFilters;
        Request = new CallInvokable(call, activation.Instance);
    }

    public IInvokable Request { get; }

    public object Grain => _activation.Instance;

    public GrainId? SourceId => _call.SourceId.IsDefault ? null : _call.SourceId;

    public GrainId TargetId => _activation.GrainId;

    public GrainInterfaceType InterfaceType => _call.Method.Interface.GrainInterfaceType;

    public string InterfaceName => _call.Method.Interface.Name;

    public string MethodName => _call.Method.Name;

    public MethodInfo InterfaceMethod => _call.Method.MethodInfo;

    public IGrainContext TargetContext => _activation;

    public MethodInfo ImplementationMethod
    {
        get
        {
            var method = InterfaceMethod;
            var map = Grain.GetType().GetInterfaceMap(method.DeclaringType!);
            return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, method)];
        }
    }

    public object? Result
    {
        get => _call.FilterResult;
        set => _call.FilterResult = value;
    }

    public Response? Response
    {
        get => Response.FromResult(Result);
        set => Result = value?.Result;
    }

    /// <summary>Runs the call and completes it; the returned task does not fail.</summary>
    internal static async Task RunAsync(Activation activation, Call call)
    {
        try
        {
            await new IncomingCallPath(activation, call).Invoke();
        }
        catch (Exception error)
        {
            call.Fail(error);
            return;
        }

        call.CompleteFromFilters();
    }

    public Task Invoke()
    {
        var next = _next++;
        if (next < _filters.Count) return _filters[next].Invoke(this);
        if (next == _filters.Count && Grain is IIncomingGrainCallFilter own) return own.Invoke(this);
        // A filter that left the grain's context (ConfigureAwait(false), Task.Run) does not take the method with it.
        return SynchronizationContext.Current == _turn ? _call.InvokeForFilters(Grain).AsTask() : InvokeOnTurnAsync();
    }

    private Task InvokeOnTurnAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // What travels with the call, as the filters left it, goes back to the turn with it.
        var ambient = ExecutionContext.Capture();
        _turn.Post(
            _ =>
            {
                if (ambient is null) InvokeInto(done);
                else ExecutionContext.Run(ambient, _ => InvokeInto(done), null);
            },
            null);
        return done.Task;
    }

    private void InvokeInto(TaskCompletionSource done)
    {
        var run = _call.InvokeForFilters(Grain).AsTask();
        run.GetAwaiter().UnsafeOnCompleted(() =>
        {
            if (run.IsCompletedSuccessfully) done.SetResult();
            else if (run.IsCanceled) done.SetCanceled();
            else done.SetException(run.Exception!.InnerExceptions);
        });
    }
}
