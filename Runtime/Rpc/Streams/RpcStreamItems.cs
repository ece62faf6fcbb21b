using System.Text.Json;
using Granary.Codec;
using Granary.Rpc.Catalog;

namespace Granary.Rpc;

/// <summary>The items of a streamed argument as they come in from outside: what a generated <see cref="RpcRequest"/> answers as its <see cref="RpcRequest.Items"/>.</summary>
/// <typeparam name="T">The item's type.</typeparam>
public sealed class RpcStreamItems<T> : RpcRequestItems
{
    private readonly RpcStreamWriter<T> _writer = new();

    /// <summary>The argument to pass to the grain.</summary>
    public RpcStream<T> Stream => _writer.Stream;

    /// <inheritdoc/>
    public override ValueTask<bool> WaitForSpaceAsync(CancellationToken cancellation) => _writer.WaitForSpaceAsync(cancellation);

    /// <inheritdoc/>
    public override void AddJson(ref Utf8JsonReader reader)
    {
        var path = default(JsonPath);
        _writer.Add(RpcItemCodec<T>.Instance.ReadJson(ref reader, ref path));
    }

    /// <inheritdoc/>
    public override void Add(ref WireReader reader) => _writer.Add(RpcItemCodec<T>.Instance.Read(ref reader));

    /// <inheritdoc/>
    public override void Complete(Exception? error = null) => _writer.Complete(error);
}
