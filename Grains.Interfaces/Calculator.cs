using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>Arithmetic in the four call kinds. Every key is a calculator of its own; any authenticated caller may use it.</summary>
[RpcService("calculator", Owner = "platform")]
[RpcObjective(Latency = "50ms", Availability = 0.9999)]
public interface ICalculatorGrain : IGrainWithStringKey
{
    /// <summary>The product of two numbers.</summary>
    [ReadOnly]
    Task<double> Multiply(double a, double b, CancellationToken ct = default);

    /// <summary>The quotient of two numbers. A divisor of 0 is InvalidArgument and names the field <c>b</c>.</summary>
    [ReadOnly]
    [RpcMethod(Http = "GET /calculator/{key}/divide")]
    Task<double> Divide(double a, double b, CancellationToken ct = default);

    /// <summary>The prime numbers from <paramref name="from"/> upwards, for as long as the caller keeps reading.</summary>
    IAsyncEnumerable<long> Primes(long from, CancellationToken ct = default);

    /// <summary>The sum of the numbers the caller sends.</summary>
    [RpcMethod(Deadline = "1m")]
    Task<double> Sum(RpcStream<double> numbers, CancellationToken ct = default);

    /// <summary>After each number the caller sends, the sum of all so far.</summary>
    [RpcMethod(Deadline = "1m")]
    IAsyncEnumerable<double> RunningSum(RpcStream<double> numbers, CancellationToken ct = default);
}
