using System.Reflection;
using Orleans.CodeGeneration;
using Orleans.Serialization.Invocation;

namespace Orleans.Serialization.Invocation
{
    /// <summary>Something that calls are made on, with components beside it.</summary>
    public interface ITargetHolder
    {
        /// <summary>The object whose methods are called.</summary>
        object? GetTarget();

        /// <summary>The component of that type; null when there is none.</summary>
        object? GetComponent(Type componentType);
    }

    /// <summary>A call as data: which method, with which arguments.</summary>
    public interface IInvokable : IDisposable
    {
        object? GetTarget();

        void SetTarget(ITargetHolder holder);

        /// <summary>Calls the method on the target. An exception of the method is in the response.</summary>
        ValueTask<Response> Invoke();

        int GetArgumentCount();

        object? GetArgument(int index);

        void SetArgument(int index, object value);

        string GetMethodName();

        string GetInterfaceName();

        string GetActivityName();

        Type GetInterfaceType();

        MethodInfo GetMethod();

        /// <summary>The method's own response timeout; null when the configured one applies.</summary>
        TimeSpan? GetDefaultResponseTimeout();

        /// <summary>The token among the arguments, or none.</summary>
        CancellationToken GetCancellationToken();

        /// <summary>Cancels the token among the arguments; false when there is none.</summary>
        bool TryCancel();

        /// <summary>Whether the method takes a token.</summary>
        bool IsCancellable { get; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>Typed access to an <see cref="ITargetHolder"/>.</summary>
    public static class TargetHolderExtensions
    {
        public static TTarget? GetTarget<TTarget>(this ITargetHolder targetHolder)
            where TTarget : class => targetHolder.GetTarget() as TTarget;

        public static TComponent? GetComponent<TComponent>(this ITargetHolder targetHolder)
            where TComponent : class => targetHolder.GetComponent(typeof(TComponent)) as TComponent;
    }

    /// <summary>A call on its way to a grain.</summary>
    public interface IRequest : IInvokable
    {
        InvokeMethodOptions Options { get; }

        void AddInvokeMethodOptions(InvokeMethodOptions options);

        /// <summary>The call as text, arguments included.</summary>
        static string ToString(IRequest request)
        {
            var arguments = Enumerable.Range(0, request.GetArgumentCount()).Select(request.GetArgument);
            return $"{request.GetInterfaceName()}.{request.GetMethodName()}({string.Join(", ", arguments)})";
        }

        /// <summary>The call as text, without arguments.</summary>
        static string ToMethodCallString(IRequest request) => $"{request.GetInterfaceName()}.{request.GetMethodName()}";
    }
}

namespace Orleans.CodeGeneration
{
    /// <summary>What a method's attributes say about calls of it.</summary>
    [Flags]
    [GenerateSerializer]
    public enum InvokeMethodOptions
    {
        None = 0,
        OneWay = 1,
        ReadOnly = 2,
        AlwaysInterleave = 4,
        Unordered = 8,
    }
}
