using Orleans;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Granary.Samples.Tests;

/// <summary>One in-process cluster for all tests of the samples; each test takes keys of its own.</summary>
public sealed class SampleCluster : IAsyncLifetime
{
    private TestCluster? _cluster;

    public IGrainFactory Grains => _cluster!.GrainFactory;

    public async Task InitializeAsync()
    {
        var builder = new TestClusterBuilder(2);
        builder.AddSiloBuilderConfigurator<Silo>();
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async Task DisposeAsync()
    {
        if (_cluster is null) return;
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }

    /// <summary>A key that no other test uses.</summary>
    public static string Key(string prefix = "k") => $"{prefix}-{Guid.NewGuid():N}";

    private sealed class Silo : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder) => siloBuilder
            .AddMemoryGrainStorageAsDefault()
            .UseInMemoryReminderService()
            .AddIncomingGrainCallFilter<StepFaults>();
    }
}

[CollectionDefinition(Name)]
public sealed class SampleClusterCollection : ICollectionFixture<SampleCluster>
{
    public const string Name = "sample cluster";
}
