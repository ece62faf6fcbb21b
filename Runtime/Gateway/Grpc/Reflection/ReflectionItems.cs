using System.Text.Json;
using System.Threading.Channels;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Grpc.Reflection;

/// <summary>The questions of one reflection stream; a few wait at most.</summary>
internal sealed class ReflectionItems : RpcRequestItems
{
    private readonly Channel<ReflectionQuestion> _questions = Channel.CreateBounded<ReflectionQuestion>(new BoundedChannelOptions(16) { SingleReader = true, SingleWriter = true });

    public ChannelReader<ReflectionQuestion> Questions => _questions.Reader;

    public override ValueTask<bool> WaitForSpaceAsync(CancellationToken cancellation) => _questions.Writer.WaitToWriteAsync(cancellation);

    public override void Add(ref WireReader reader) => TryAdd(ref reader);

    public override bool TryAdd(ref WireReader reader)
    {
        _questions.Writer.TryWrite(ReflectionQuestion.Read(ref reader));
        return true;
    }

    public override void AddJson(ref Utf8JsonReader reader) => throw NoJson();

    public override bool TryAddJson(ref Utf8JsonReader reader) => throw NoJson();

    public override void Complete(Exception? error = null) => _questions.Writer.TryComplete(error);

    private static RpcException NoJson() => new(StatusCode.Unimplemented, "reflection is served in protobuf only");
}
