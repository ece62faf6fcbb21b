using System.Runtime.CompilerServices;

namespace Granary.Calls;

/// <summary>
/// Free calls of one type. Each thread keeps a few; what a thread has too many of goes, a batch at a time, to a shared store from which threads that ran dry take,
/// because a call is often rented on one thread and finished on another. Holds at most <see cref="SharedBatches"/> × <see cref="BatchSize"/> besides the threads' own.
/// </summary>
/// <typeparam name="T">The generated call type.</typeparam>
public static class CallPool<T>
    where T : Call, new()
{
    private const int BatchSize = 32;
    private const int SharedBatches = 64;

    [ThreadStatic]
    private static Stack? t_stack;

    private static readonly Lock s_lock = new();
    private static readonly Stack<T[]> s_shared = new(SharedBatches);

    /// <summary>An empty call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Rent()
    {
        var stack = t_stack;
        if (stack is not null && stack.Count > 0)
        {
            var call = stack.Items[--stack.Count]!;
            return call;
        }

        return RentSlow();
    }

    /// <summary>Gives back a call whose fields have been cleared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Return(T call)
    {
        var stack = t_stack;
        if (stack is not null && stack.Count < stack.Items.Length)
        {
            stack.Items[stack.Count++] = call;
            return;
        }

        ReturnSlow(call);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T RentSlow()
    {
        var stack = t_stack ??= new Stack();
        lock (s_lock)
        {
            if (s_shared.TryPop(out var batch))
            {
                Array.Copy(batch, stack.Items, BatchSize);
                stack.Count = BatchSize;
            }
        }

        return stack.Count > 0 ? stack.Items[--stack.Count]! : new T();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReturnSlow(T call)
    {
        var stack = t_stack ??= new Stack();
        if (stack.Count == stack.Items.Length)
        {
            stack.Count -= BatchSize;
            var batch = new T[BatchSize];
            Array.Copy(stack.Items, stack.Count, batch, 0, BatchSize);
            Array.Clear(stack.Items, stack.Count, BatchSize);
            lock (s_lock)
            {
                if (s_shared.Count < SharedBatches) s_shared.Push(batch);
            }
        }

        stack.Items[stack.Count++] = call;
    }

    private sealed class Stack
    {
        internal readonly T?[] Items = new T?[BatchSize * 2];
        internal int Count;
    }
}
