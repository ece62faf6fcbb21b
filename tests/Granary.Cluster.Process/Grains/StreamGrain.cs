using System.Runtime.CompilerServices;
using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;
using Granary.Rpc;

namespace Granary.Cluster.Grains;

public sealed class StreamGrain(Witness witness) : WitnessedGrain(witness), IStreamGrain
{
    public async IAsyncEnumerable<long> Count(long from, int items, [EnumeratorCancellation] CancellationToken ct)
    {
        await EnterAsync();
        for (var i = 0; i < items; i++)
        {
            // Long enough on its way for a fault to hit it there.
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, ct);
            yield return from + i;
        }
    }

    public async Task<long> Sum(RpcStream<long> numbers, CancellationToken ct)
    {
        await EnterAsync();
        var sum = 0L;
        await foreach (var number in numbers.WithCancellation(ct)) sum += number;
        return sum;
    }
}
