using System.Reflection;
using StackExchange.Redis;

namespace Granary.Redis.Tests.Support;

/// <summary>A client that notes on which threads somebody blocks until its scans have their pages. (Its other requests are asynchronous.)</summary>
public class WatchedClient : DispatchProxy
{
    private object _inner = null!;
    private ScanThreads _threads = null!;

    internal static IConnectionMultiplexer Over(IConnectionMultiplexer client, ScanThreads threads) => Over<IConnectionMultiplexer>(client, threads);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        try
        {
            return targetMethod!.Invoke(_inner, args) switch
            {
                IServer server => Over(server, _threads),
                IEnumerable<RedisKey> keys => Watch(keys),
                var result => result,
            };
        }
        catch (TargetInvocationException error)
        {
            throw error.InnerException!;
        }
    }

    private static T Over<T>(T inner, ScanThreads threads)
        where T : class
    {
        var proxy = Create<T, WatchedClient>();
        var watched = (WatchedClient)(object)proxy;
        (watched._inner, watched._threads) = (inner, threads);
        return proxy;
    }

    private IEnumerable<RedisKey> Watch(IEnumerable<RedisKey> keys)
    {
        using var scan = keys.GetEnumerator();
        while (true)
        {
            _threads.Note();
            if (!scan.MoveNext()) yield break;
            yield return scan.Current;
        }
    }
}

/// <summary>Whether scans were waited for, and whether by threads of the pool. Thread-safe.</summary>
internal sealed class ScanThreads
{
    private int _own;
    private int _pool;

    internal int Own => Volatile.Read(ref _own);

    internal int Pool => Volatile.Read(ref _pool);

    internal void Note() => Interlocked.Increment(ref Thread.CurrentThread.IsThreadPoolThread ? ref _pool : ref _own);
}
