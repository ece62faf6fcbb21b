using System.Diagnostics;
using System.Reflection;
using Granary.Calls;
using Granary.Engine.Routing;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Granary.Engine.Filters;

/// <summary>
/// Runs one call through the outgoing filters, on the caller's side. The caller waits for <c>call</c>; what is sent is a copy of it, made after the filters have seen and perhaps
/// changed the arguments and the request context.
/// </summary>
internal sealed class OutgoingCallPath : IOutgoingGrainCallContext
{
    private readonly GrainRouter _router;
    private readonly IOutgoingGrainCallFilter[] _filters;
    private readonly Call _call;
    private readonly GrainProxy _target;
    private int _next;

    private OutgoingCallPath(GrainRouter router, IOutgoingGrainCallFilter[] filters, Call call, GrainProxy target)
    {
        _router = router;
        _filters = filters;
        _call = call;
        _target = target;
        SourceContext = (SynchronizationContext.Current as CallTarget)?.GrainContext;
        Request = new CallInvokable(call, target);
    }

    public IInvokable Request { get; }

    public object Grain => _target;

    public GrainId? SourceId => _call.SourceId;

    public GrainId TargetId => _call.TargetId;

    public GrainInterfaceType InterfaceType => _call.Method.Interface.GrainInterfaceType;

    public string InterfaceName => _call.Method.Interface.Name;

    public string MethodName => _call.Method.Name;

    public MethodInfo InterfaceMethod => _call.Method.MethodInfo;

    public IGrainContext? SourceContext { get; }

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

    /// <summary>Begins the call's span, if traces are listened to, and sends it through the filters, if there are any. Streams are not filtered on the caller's side.</summary>
    internal static void Send(GrainRouter router, IOutgoingGrainCallFilter[] filters, Call call, GrainProxy target)
    {
        var outer = Activity.Current;
        if (EngineTelemetry.HasSpans(call) && EngineTelemetry.Source.StartActivity(call.Method.FullName, ActivityKind.Client, call.TraceParent) is { } span)
        {
            EngineTelemetry.Describe(span, call);
            call.ClientSpan = span;
            call.TraceParent = span.Context;
            Activity.Current = outer;
        }

        if (filters.Length == 0 || (call.Method.Flags & CallFlags.Stream) != 0)
        {
            router.Dispatch(call, target);
            return;
        }

        call.IsolateOnce();
        call.Share();
        _ = RunAsync(new OutgoingCallPath(router, filters, call, target));
    }

    public Task Invoke()
    {
        var next = _next++;
        return next < _filters.Length ? _filters[next].Invoke(this) : SendCopyAsync();
    }

    private static async Task RunAsync(OutgoingCallPath path)
    {
        var call = path._call;
        try
        {
            await path.Invoke();
        }
        catch (Exception error)
        {
            call.Fail(error);
            call.ReleaseCallee();
            return;
        }

        if (call.IsOneWay) call.WithoutResult();
        else call.CompleteFromFilters();
        call.ReleaseCallee();
    }

    private async Task SendCopyAsync()
    {
        var copy = _call.Method.CreateCall();
        for (var i = 0; i < _call.ArgumentCount; i++) copy.SetArgument(i, _call.GetArgument(i));
        copy.ArgumentsAreOurs = true;
        _router.Prepare(copy, _call, _target);
        Result = await copy.SendAndWait(_router, _target);
    }
}
