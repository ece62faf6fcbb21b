using Orleans;
using Orleans.Concurrency;
using Orleans.Core;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;
using Xunit;

namespace Granary.OrleansApi.Tests;

public sealed class GrainSurfaceTests
{
    [Fact]
    public async Task A_grain_made_by_a_test_works_until_it_needs_the_engine()
    {
        var grain = new Plain();

        await grain.OnActivateAsync(CancellationToken.None);
        var error = Assert.Throws<InvalidOperationException>(grain.Leave);

        Assert.Contains("IGrainFactory.GetGrain", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stateful_grain_takes_its_storage_from_a_test()
    {
        var storage = new InMemory { State = 3 };
        var grain = new Counter(storage);

        await grain.Add(4);

        Assert.Equal(7, storage.State);
        Assert.Equal(1, storage.Writes);
        Assert.Contains("OnActivateAsync", Assert.Throws<InvalidOperationException>(() => new Counter().Value).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Attributes_write_what_the_cluster_must_know_of_a_class()
    {
        Assert.Equal("true", Property(new ReentrantAttribute(), WellKnownGrainTypeProperties.Reentrant));
        Assert.Equal("Check", Property(new MayInterleaveAttribute("Check"), WellKnownGrainTypeProperties.MayInterleavePredicate));
        Assert.Equal("indefinite", Property(new KeepAliveAttribute(), WellKnownGrainTypeProperties.IdleDeactivationPeriod));
        Assert.Equal("01:30:00", Property(new CollectionAgeLimitAttribute { Hours = 1, Minutes = 30 }, WellKnownGrainTypeProperties.IdleDeactivationPeriod));
        Assert.Equal("00:01:00", Property(new CollectionAgeLimitAttribute("00:00:01"), WellKnownGrainTypeProperties.IdleDeactivationPeriod));
        Assert.Equal("StatelessWorkerPlacement", Property(new StatelessWorkerAttribute(3), WellKnownGrainTypeProperties.PlacementStrategy));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StatelessWorkerAttribute(0));
    }

    [Fact]
    public void The_shared_response_cannot_be_changed()
    {
        Assert.Throws<InvalidOperationException>(() => Response.Completed.Result = 1);
        Assert.Throws<InvalidOperationException>(() => Response.Completed.Exception = new TimeoutException());
        Assert.Equal(5, Response.FromResult(5).GetResult<int>());
        Assert.Throws<TimeoutException>(() => Response.FromException(new TimeoutException()).GetResult<int>());
        Assert.Throws<InvalidCastException>(() => Response.FromResult(5).Result = "text");
    }

    [Fact]
    public async Task Storage_calls_that_are_cancelled_already_do_not_start()
    {
        var storage = new InMemory();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ((IStorage)storage).WriteStateAsync(new CancellationToken(canceled: true)));

        Assert.Equal(0, storage.Writes);
    }

    private static string Property(IGrainPropertiesProviderAttribute attribute, string name)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        attribute.Populate(null!, typeof(Plain), GrainType.Create("plain"), properties);
        return properties[name];
    }

    private sealed class Plain : Grain
    {
        public void Leave() => DeactivateOnIdle();
    }

    private sealed class Counter : Grain<int>
    {
        public Counter()
        {
        }

        public Counter(IStorage<int> storage)
            : base(storage)
        {
        }

        public int Value => State;

        public Task Add(int amount)
        {
            State += amount;
            return WriteStateAsync();
        }
    }

    private sealed class InMemory : IStorage<int>
    {
        public int State { get; set; }

        public int Writes { get; private set; }

        public string? Etag => null;

        public bool RecordExists => true;

        public Task ClearStateAsync() => Task.CompletedTask;

        public Task ReadStateAsync() => Task.CompletedTask;

        public Task WriteStateAsync()
        {
            Writes++;
            return Task.CompletedTask;
        }
    }
}
