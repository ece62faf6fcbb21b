using Granary.Rpc;
using Orleans;

namespace Granary.Codec.Tests.Contracts;

/// <summary>Streams of every kind of item that the runtime has no codec for by itself.</summary>
public interface IStreamGrain : IGrainWithStringKey
{
    Task Colors(RpcStream<Color> items);

    Task Lists(RpcStream<List<int>> items);

    Task Optionals(RpcStream<int?> items);

    Task Texts(RpcStream<string> items);

    Task Maps(RpcStream<Dictionary<string, Leaf>> items);

    Task Dates(RpcStream<DateOnly> items);

    Task Shorts(RpcStream<short> items);

    Task Leaves(RpcStream<Leaf> items);

    Task Shapes(RpcStream<Shape> items);
}
