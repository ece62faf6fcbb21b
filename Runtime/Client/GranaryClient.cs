using System.Reflection;
using Granary.Client.Calls;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;

namespace Granary.Client;

/// <summary>
/// Calls grains from outside the cluster, over gRPC, by the interfaces that they implement. Keep one for the life of the process; thread-safe.
/// A failed call throws <see cref="RpcException"/>; one that its caller cancelled, <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class GranaryClient : IAsyncDisposable
{
    private readonly ClientRuntime _runtime;
    private readonly IRpcChannel _channel;
    private readonly bool _owns;

    /// <param name="options">Where to, and how.</param>
    /// <param name="loggers">Takes what happens to endpoints; null for nobody.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message says which, and what to write.</exception>
    public GranaryClient(GranaryClientOptions options, ILoggerFactory? loggers = null, TimeProvider? time = null)
        : this(ClientRuntime.Create(options, loggers ?? NullLoggerFactory.Instance, time ?? TimeProvider.System), new CallOptions(), owns: true)
    {
    }

    internal GranaryClient(ClientRuntime runtime, CallOptions options, bool owns)
    {
        _runtime = runtime;
        _channel = new ClientChannel(runtime, options);
        _owns = owns;
    }

    /// <summary>The same client with other options for the references that it makes. Cheap: make one for a single call if need be.</summary>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public GranaryClient With(CallOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Deadline is { } deadline) ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero, nameof(options));
        foreach (var header in options.Headers.Keys)
        {
            if (CallOptions.HeaderFault(header) is { } fault) throw new ArgumentException(fault, nameof(options));
        }

        return new GranaryClient(_runtime, options, owns: false);
    }

    /// <summary>A reference to the grain with that key.</summary>
    /// <exception cref="InvalidOperationException">The interface is not exposed, or its project is without our generator.</exception>
    public TGrain GetGrain<TGrain>(string key)
        where TGrain : class, IGrainWithStringKey => Make<TGrain>(new RpcOutboundKey(key));

    /// <inheritdoc cref="GetGrain{TGrain}(string)"/>
    public TGrain GetGrain<TGrain>(long key)
        where TGrain : class, IGrainWithIntegerKey => Make<TGrain>(new RpcOutboundKey(key));

    /// <inheritdoc cref="GetGrain{TGrain}(string)"/>
    public TGrain GetGrain<TGrain>(Guid key)
        where TGrain : class, IGrainWithGuidKey => Make<TGrain>(new RpcOutboundKey(new RpcGuidKey(key).Text));

    /// <inheritdoc cref="GetGrain{TGrain}(string)"/>
    public TGrain GetGrain<TGrain>(long key, string extension)
        where TGrain : class, IGrainWithIntegerCompoundKey => Make<TGrain>(new RpcOutboundKey(new RpcIntegerCompoundKey(key, NotEmpty(extension)).Text));

    /// <inheritdoc cref="GetGrain{TGrain}(string)"/>
    public TGrain GetGrain<TGrain>(Guid key, string extension)
        where TGrain : class, IGrainWithGuidCompoundKey => Make<TGrain>(new RpcOutboundKey(new RpcGuidCompoundKey(key, NotEmpty(extension)).Text));

    /// <summary>Ends the calls under way and closes the connections. What <see cref="With"/> made needs no disposal.</summary>
    public ValueTask DisposeAsync() => _owns ? _runtime.DisposeAsync() : default;

    private static string NotEmpty(string extension)
    {
        ArgumentException.ThrowIfNullOrEmpty(extension);
        return extension;
    }

    private TGrain Make<TGrain>(RpcOutboundKey key)
        where TGrain : class => (TGrain)ServiceOf<TGrain>.Create(_channel, key);

    private static class ServiceOf<TGrain>
    {
        private static readonly Func<IRpcChannel, RpcOutboundKey, object>? s_create = typeof(TGrain).Assembly.GetCustomAttributes<RpcPartAttribute>()
            .SelectMany(a => ((RpcPart)Activator.CreateInstance(a.Part)!).Services)
            .FirstOrDefault(s => s.InterfaceType == typeof(TGrain))?.CreateClient;

        public static object Create(IRpcChannel channel, RpcOutboundKey key) => s_create?.Invoke(channel, key) ?? throw new InvalidOperationException(
            $"{typeof(TGrain)} cannot be called from outside: it is not marked [RpcService], or its project does not set <EngineRole>contracts</EngineRole>, by which the generator runs.");
    }
}
