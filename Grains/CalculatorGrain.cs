using System.Runtime.CompilerServices;
using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>Keeps no state, so it is reentrant: a long stream does not hold up other callers of the same calculator.</summary>
[Reentrant]
public sealed class CalculatorGrain : Grain, ICalculatorGrain
{
    public Task<double> Multiply(double a, double b, CancellationToken ct) => Task.FromResult(a * b);

    public Task<double> Divide(double a, double b, CancellationToken ct) => b == 0
        ? throw RpcException.Invalid("b", "must not be 0")
        : Task.FromResult(a / b);

    public async IAsyncEnumerable<long> Primes(long from, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var candidate = Math.Max(from, 2); candidate < long.MaxValue; candidate++)
        {
            ct.ThrowIfCancellationRequested();
            if (await IsPrime(candidate, ct)) yield return candidate;
        }
    }

    public async Task<double> Sum(RpcStream<double> numbers, CancellationToken ct)
    {
        var sum = 0.0;
        await foreach (var number in numbers.WithCancellation(ct)) sum += number;
        return sum;
    }

    public async IAsyncEnumerable<double> RunningSum(RpcStream<double> numbers, [EnumeratorCancellation] CancellationToken ct)
    {
        var sum = 0.0;
        await foreach (var number in numbers.WithCancellation(ct))
        {
            sum += number;
            yield return sum;
        }
    }

    // A large candidate takes a while: give way now and then, so that the other calls of this grain and a cancellation get their turn.
    private static async ValueTask<bool> IsPrime(long candidate, CancellationToken ct)
    {
        if (candidate % 2 == 0) return candidate == 2;
        for (long divisor = 3, steps = 1; divisor <= candidate / divisor; divisor += 2, steps++)
        {
            if (candidate % divisor == 0) return false;
            if (steps % 100_000 != 0) continue;
            ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        return true;
    }
}
