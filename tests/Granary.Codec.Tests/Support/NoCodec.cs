using System.Text.Json;
using Granary.Rpc;

namespace Granary.Codec.Tests;

/// <summary>For items that never leave the process in a test.</summary>
internal sealed class NoCodec<T> : RpcItemCodec<T>
{
    public override void Write(ref WireWriter writer, T value) => throw new NotSupportedException();

    public override T Read(ref WireReader reader) => throw new NotSupportedException();

    public override void WriteJson(Utf8JsonWriter writer, T value, JsonFormat format) => throw new NotSupportedException();

    public override T ReadJson(ref Utf8JsonReader reader, ref JsonPath path) => throw new NotSupportedException();
}
