using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Granary.Services.Tests;

public interface IMeteredGrain : IGrainWithStringKey
{
    Task Save(int value);
}

public sealed class MeteredGrain([PersistentState("metered")] IPersistentState<int> state) : Grain, IMeteredGrain
{
    public Task Save(int value)
    {
        state.State = value;
        return state.WriteStateAsync();
    }
}

/// <summary>The instruments of the meter that official Orleans has too.</summary>
public sealed class MetricTests
{
    [Fact]
    public async Task What_happens_to_grains_and_their_states_is_counted_under_the_official_names()
    {
        var seen = new ConcurrentDictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Microsoft.Orleans") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) =>
        {
            // Other tests' grains come and go meanwhile.
            if (i.Name == "orleans-grains" && !tags.ToArray().Any(t => t.Value is string type && type == typeof(MeteredGrain).FullName)) return;
            seen.AddOrUpdate(i.Name, value, (_, sum) => sum + value);
        });
        listener.SetMeasurementEventCallback<double>((i, _, _, _) => seen.AddOrUpdate(i.Name, 1, (_, count) => count + 1));
        listener.Start();

        await using var cluster = await Cluster.StartAsync(1, silo => silo.AddMemoryGrainStorageAsDefault());
        await cluster.Client.GetGrain<IMeteredGrain>("a").Save(3).Within();
        listener.RecordObservableInstruments();
        Assert.True(seen["orleans-catalog-activation-created"] >= 1);
        Assert.True(seen["orleans-catalog-activations"] >= 1);
        Assert.Equal(1, seen["orleans-grains"]);
        Assert.True(seen["orleans-storage-read-latency"] >= 1);
        Assert.True(seen["orleans-storage-write-latency"] >= 1);
        Assert.Contains("orleans-gateway-connected-clients", seen.Keys);
        Assert.Contains("orleans-directory-cache-size", seen.Keys);
    }
}
