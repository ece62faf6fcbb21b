using System.Reflection;
using Granary.Calls;
using Orleans.CodeGeneration;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Granary.Engine.Filters;

/// <summary>A call as the official API shows it to filters and <c>[MayInterleave]</c> predicates. Valid while the call runs.</summary>
internal sealed class CallInvokable(Call call, object? target) : IRequest
{
    private object? _target = target;

    public InvokeMethodOptions Options
    {
        get
        {
            var flags = call.Method.Flags;
            return ((flags & CallFlags.OneWay) != 0 ? InvokeMethodOptions.OneWay : 0)
                | ((flags & CallFlags.ReadOnly) != 0 ? InvokeMethodOptions.ReadOnly : 0)
                | ((flags & CallFlags.AlwaysInterleave) != 0 ? InvokeMethodOptions.AlwaysInterleave : 0)
                | ((flags & CallFlags.Unordered) != 0 ? InvokeMethodOptions.Unordered : 0);
        }
    }

    public bool IsCancellable => true;

    public void AddInvokeMethodOptions(InvokeMethodOptions options) =>
        throw new NotSupportedException("A method's options come from its attributes; a filter cannot change them.");

    public object? GetTarget() => _target;

    public void SetTarget(ITargetHolder holder) => _target = holder.GetTarget();

    public async ValueTask<Response> Invoke()
    {
        try
        {
            await call.InvokeForFilters(_target ?? throw new InvalidOperationException("The request has no target yet."));
            return Response.FromResult(call.FilterResult);
        }
        catch (Exception error)
        {
            return Response.FromException(error);
        }
    }

    public int GetArgumentCount() => call.ArgumentCount;

    public object? GetArgument(int index) => call.GetArgument(index);

    public void SetArgument(int index, object value) => call.SetArgument(index, value);

    public string GetMethodName() => call.Method.Name;

    public string GetInterfaceName() => call.Method.Interface.Name;

    public string GetActivityName() => call.Method.FullName;

    public Type GetInterfaceType() => call.Method.Interface.Type;

    public MethodInfo GetMethod() => call.Method.MethodInfo;

    public TimeSpan? GetDefaultResponseTimeout() => call.Method.ResponseTimeoutMs > 0 ? TimeSpan.FromMilliseconds(call.Method.ResponseTimeoutMs) : null;

    public CancellationToken GetCancellationToken() => call.CancellationToken;

    public bool TryCancel()
    {
        call.CancelCallee();
        return true;
    }

    public void Dispose()
    {
    }
}
