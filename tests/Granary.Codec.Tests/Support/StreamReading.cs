using Granary.Rpc;

namespace Granary.Codec.Tests;

internal static class StreamReading
{
    public static async Task<List<T>> ReadAll<T>(this RpcStream<T> stream)
    {
        var items = new List<T>();
        await foreach (var item in stream) items.Add(item);
        return items;
    }

    /// <summary>A bound for what would otherwise hang the test run; nothing is measured by it.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(TimeSpan.FromSeconds(30));

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(30));
}
