using Granary.Rpc;
using Orleans;

namespace Granary.Codec.Tests.Contracts;

/// <summary>Takes streams from callers outside, of every kind of item.</summary>
[RpcService("collector")]
public interface ICollectorGrain : IGrainWithStringKey
{
    Task<long> Numbers(string name, RpcStream<double> numbers);

    Task<Leaf> Leaves(RpcStream<Leaf> leaves, int start = 5);

    Task<Color> Lists(RpcStream<List<int>> lists);

    Task Maps(RpcStream<Dictionary<string, Leaf>> maps);

    IAsyncEnumerable<Leaf?> Optionals(RpcStream<int?> optionals);

    Task Colors(RpcStream<Color> colors);

    Task Dates(RpcStream<DateOnly> dates);

    Task Times(RpcStream<DateTime> times);
}
