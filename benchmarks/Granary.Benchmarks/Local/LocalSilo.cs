using Granary.Engine;
using Granary.Engine.Hosting;
using Granary.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Benchmarks.Local;

/// <summary>A silo in this process, without a network.</summary>
internal sealed class LocalSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private LocalSilo(IHost host) => _host = host;

    internal IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    internal SiloCore Core => _host.Services.GetRequiredService<SiloCore>();

    /// <param name="directory">Whether grains are registered in the memory directory, as when there are several silos; a lone silo has none.</param>
    /// <param name="counted">Whether the silo counts and times its calls for the dashboard.</param>
    internal static async Task<LocalSilo> StartAsync(bool directory = false, bool counted = false)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        if (directory) builder.Services.AddSingleton(new InMemoryCluster(isShared: true));
        if (counted) builder.Services.AddSingleton(new CallRecorder(new StatisticsOptions(), TimeProvider.System));
        builder.UseOrleans();
        var host = builder.Build();
        await host.StartAsync();
        return new LocalSilo(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
