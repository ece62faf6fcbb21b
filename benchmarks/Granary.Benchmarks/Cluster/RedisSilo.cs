using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Granary.Benchmarks.Cluster;

/// <summary>A silo that finds the others through Redis, in this process or in one of its own.</summary>
internal static class RedisSilo
{
    internal const string Role = "--redis-silo";

    /// <summary>A silo of this process.</summary>
    internal static async Task<IHost> StartAsync(string redis, string cluster, int port)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo
            .ConfigureEndpoints(IPAddress.Loopback, port, gatewayPort: 0)
            .Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster)
            .UseRedisClustering(redis));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>A client of this process.</summary>
    internal static async Task<IHost> ConnectAsync(string redis, string cluster)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster)
            .UseRedisClustering(redis));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>What a process of its own does: it says its address once it is active, makes a call of its own and says that it has the answer, and ends when its input does.</summary>
    internal static async Task RunAsync(string redis, string cluster, string port)
    {
        using var host = await StartAsync(redis, cluster, int.Parse(port, CultureInfo.InvariantCulture));
        Console.WriteLine(host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString());
        Console.WriteLine(await host.Services.GetRequiredService<IGrainFactory>().GetGrain<Local.ICallGrain>($"first-of-{Environment.ProcessId}").Multiply(7, 8));
        await ParentInput.EndAsync();
        await host.StopAsync();
    }
}

/// <summary>A silo over Redis in a process of its own, from the caller's side. It dies with this object.</summary>
internal sealed class RedisSiloProcess : IDisposable
{
    private RedisSiloProcess(ChildProcess process, SiloAddress address) => (Process, Address) = (process, address);

    internal ChildProcess Process { get; }

    internal SiloAddress Address { get; }

    /// <summary>Waits for its first answer.</summary>
    internal static async Task<RedisSiloProcess> StartAsync(string redis, string cluster, int port = 0)
    {
        var process = ChildProcess.Self(RedisSilo.Role, redis, cluster, port.ToString(CultureInfo.InvariantCulture));
        try
        {
            var (address, answer) = (await process.Output.ReadLineAsync(), await process.Output.ReadLineAsync());
            return address is not null && answer == "56"
                ? new RedisSiloProcess(process, SiloAddress.FromParsableString(address))
                : throw new CannotMeasureException($"a silo over Redis did not start:\n{process.Errors}");
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>kill -9.</summary>
    public void Dispose() => Process.Dispose();
}
