using System.Runtime.ExceptionServices;

namespace Orleans.Serialization.Invocation;

/// <summary>What a call ended with: a result or an exception.</summary>
public abstract class Response : IDisposable
{
    /// <summary>The response of a method without a result. Shared, so it cannot be changed.</summary>
    public static Response Completed { get; } = new CompletedResponse();

    /// <summary>The result; null when there is none.</summary>
    /// <exception cref="Exception">On reading: the exception the call ended with.</exception>
    public abstract object? Result { get; set; }

    public abstract Exception? Exception { get; set; }

    /// <summary>The result as <typeparamref name="T"/>.</summary>
    /// <exception cref="Exception">The exception the call ended with, with its own stack.</exception>
    public abstract T GetResult<T>();

    /// <summary>The declared type of a typed result, null when only its run-time type is known.</summary>
    public virtual Type? GetSimpleResultType() => null;

    public abstract void Dispose();

    public static Response FromException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return new TypedResponse<object?>(null) { Exception = exception };
    }

    public static Response FromResult<TResult>(TResult value) => new TypedResponse<TResult>(value);

    private sealed class CompletedResponse : Response
    {
        public override object? Result
        {
            get => null;
            set => throw Shared();
        }

        public override Exception? Exception
        {
            get => null;
            set => throw Shared();
        }

        public override T GetResult<T>() => default!;

        public override void Dispose()
        {
        }

        private static InvalidOperationException Shared() => new("Response.Completed is shared by all calls. Make another with FromResult or FromException.");
    }

    private sealed class TypedResponse<TResult>(TResult value) : Response
    {
        private TResult _value = value;

        public override object? Result
        {
            get
            {
                ThrowIfFailed();
                return _value;
            }

            set => _value = (TResult)value!;
        }

        public override Exception? Exception { get; set; }

        public override T GetResult<T>()
        {
            ThrowIfFailed();
            return _value is T typed ? typed : (T)(object?)_value!;
        }

        public override Type? GetSimpleResultType() => Exception is null ? typeof(TResult) : null;

        public override void Dispose()
        {
        }

        private void ThrowIfFailed()
        {
            if (Exception is { } exception)
                ExceptionDispatchInfo.Throw(exception);
        }
    }
}
