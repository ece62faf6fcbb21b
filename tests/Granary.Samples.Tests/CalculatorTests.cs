using System.Threading.Channels;
using Granary.Rpc;

namespace Granary.Samples.Tests;

[Collection(SampleClusterCollection.Name)]
public sealed class CalculatorTests(SampleCluster cluster)
{
    private readonly ICalculatorGrain _calculator = cluster.Grains.GetGrain<ICalculatorGrain>(SampleCluster.Key());

    [Fact]
    public async Task Seven_times_eight_is_56() => Assert.Equal(56, await _calculator.Multiply(7, 8));

    [Fact]
    public async Task Dividing_by_zero_names_the_wrong_argument()
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => _calculator.Divide(1, 0));
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        Assert.Equal("b", Assert.Single(error.Violations).Field);
        Assert.Equal(0.25, await _calculator.Divide(1, 4));
    }

    [Fact]
    public async Task Primes_come_one_by_one_until_the_reader_has_enough()
    {
        var primes = new List<long>();
        await foreach (var prime in _calculator.Primes(10))
        {
            primes.Add(prime);
            if (primes.Count == 5) break;
        }

        Assert.Equal([11, 13, 17, 19, 23], primes);
    }

    [Fact]
    public async Task A_cancelled_reader_of_primes_is_told_so()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var prime in _calculator.Primes(2, cancel.Token))
            {
                if (prime > 100) await cancel.CancelAsync();
            }
        });
    }

    [Fact]
    public async Task Sum_adds_what_the_caller_streams() =>
        Assert.Equal(5050, await _calculator.Sum(RpcStream<double>.From(Numbers(1, 100))));

    [Fact]
    public async Task A_running_sum_answers_each_number_before_the_next_is_sent()
    {
        var numbers = Channel.CreateUnbounded<double>();
        await using var sums = _calculator.RunningSum(RpcStream<double>.From(numbers.Reader.ReadAllAsync())).GetAsyncEnumerator();

        var expected = 0.0;
        foreach (var number in new[] { 1.0, 10, 100 })
        {
            numbers.Writer.TryWrite(number);
            expected += number;
            Assert.True(await sums.MoveNextAsync());
            Assert.Equal(expected, sums.Current);
        }

        numbers.Writer.Complete();
        Assert.False(await sums.MoveNextAsync());
    }

    [Fact]
    public async Task A_stream_under_way_does_not_hold_up_other_calls()
    {
        var numbers = Channel.CreateUnbounded<double>();
        var sum = _calculator.Sum(RpcStream<double>.From(numbers.Reader.ReadAllAsync()));

        Assert.Equal(6, await _calculator.Multiply(2, 3));
        Assert.False(sum.IsCompleted);
        numbers.Writer.TryWrite(4);
        numbers.Writer.Complete();
        Assert.Equal(4, await sum);
    }

    private static async IAsyncEnumerable<double> Numbers(int from, int to)
    {
        for (var i = from; i <= to; i++)
        {
            if (i % 10 == 0) await Task.Yield();
            yield return i;
        }
    }
}
