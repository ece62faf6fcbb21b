using System.Collections.Concurrent;
using Granary.Engine;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Granary.Services.Tests;

/// <summary>Test clusters whose silos a test configures with a delegate.</summary>
internal static class Cluster
{
    private const string Key = "granary-test";
    private static readonly ConcurrentDictionary<string, Action<ISiloBuilder>> s_configure = new(StringComparer.Ordinal);

    internal static async Task<TestCluster> StartAsync(int silos, Action<ISiloBuilder>? configure = null)
    {
        var id = Guid.NewGuid().ToString("N");
        if (configure is not null) s_configure[id] = configure;
        var builder = new TestClusterBuilder((short)silos);
        builder.Properties[Key] = id;
        builder.AddSiloBuilderConfigurator<Configurator>();
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    internal static SiloCore Core(this SiloHandle silo) => ((InProcessSiloHandle)silo).Core;

    private sealed class Configurator : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder) => s_configure.GetValueOrDefault(siloBuilder.Configuration[Key]!)?.Invoke(siloBuilder);
    }
}
