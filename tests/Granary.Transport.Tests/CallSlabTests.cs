using Granary.Calls;
using Granary.Engine.Routing;
using Granary.Engine.Transport;

namespace Granary.Transport.Tests;

public sealed class CallSlabTests
{
    private static readonly CallMethod s_method = GrainTypeRegistry.LoadedParts().SelectMany(p => p.Interfaces).Single(i => i.Type == typeof(IProbeGrain)).Methods.First();

    [Fact]
    public void A_slot_that_is_used_again_has_another_correlation_and_the_old_one_finds_nobody()
    {
        var slab = new CallSlab();
        var first = slab.Add(s_method.CreateCall());
        Assert.True(slab.TryTake(first, out _));
        var call = s_method.CreateCall();
        var second = slab.Add(call);
        Assert.NotEqual(first, second);
        Assert.False(slab.TryTake(first, out _));
        Assert.Null(slab.Find(first));
        Assert.Same(call, slab.Find(second));
        Assert.True(slab.TryTake(second, out var taken));
        Assert.Same(call, taken);
        Assert.Equal(0, slab.Count);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(2ul)]
    [InlineData(999_999ul)]
    [InlineData(1ul << 20)]
    [InlineData(ulong.MaxValue)]
    public void A_correlation_that_was_never_given_finds_nobody(ulong correlation)
    {
        var slab = new CallSlab();
        slab.Add(s_method.CreateCall());
        Assert.False(slab.TryTake(correlation, out _));
        Assert.Null(slab.Find(correlation));
        Assert.Equal(1, slab.Count);
    }

    [Fact]
    public void A_call_is_not_taken_for_another_one_that_came_to_its_slot()
    {
        var slab = new CallSlab();
        var call = s_method.CreateCall();
        call.Correlation = slab.Add(call);
        var other = s_method.CreateCall();
        other.Correlation = call.Correlation;
        Assert.False(slab.TryTake(other));
        Assert.True(slab.TryTake(call));
    }

    [Fact]
    public void Taking_everything_takes_each_call_once()
    {
        var slab = new CallSlab();
        var correlations = Enumerable.Range(0, 1000).Select(_ => slab.Add(s_method.CreateCall())).ToArray();
        for (var i = 0; i < 1000; i += 2) Assert.True(slab.TryTake(correlations[i], out _));
        Assert.Equal(correlations.Where((_, i) => i % 2 == 1).Order(), slab.TakeAll().Select(c => c.Correlation).Order());
        Assert.Equal(0, slab.Count);
    }

    [Fact]
    public async Task Of_those_who_race_for_a_call_one_gets_it()
    {
        const int Rounds = 20_000;
        var slab = new CallSlab();
        var correlations = new ulong[Rounds];
        var published = 0;
        var calls = Enumerable.Range(0, 8).Select(_ => s_method.CreateCall()).ToArray();
        var takers = Enumerable.Range(0, 3).Select(taker => Task.Run(() =>
        {
            var taken = 0;
            for (var i = 0; i < Rounds;)
            {
                if (i >= Volatile.Read(ref published)) continue;
                if (slab.TryTake(correlations[i], out _)) taken++;
                i++;
            }

            return taken;
        })).ToArray();
        for (var i = 0; i < Rounds; i++)
        {
            correlations[i] = slab.Add(calls[i % calls.Length]);
            Volatile.Write(ref published, i + 1);
        }

        Assert.Equal(Rounds, (await Task.WhenAll(takers)).Sum());
        Assert.Equal(0, slab.Count);
    }
}
