using System.Net;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Granary.Hosting.Cluster;

/// <summary>Builds a silo or a client by the model.</summary>
internal static class ClusterBuilding
{
    /// <summary>Membership, endpoints, storages and reminders.</summary>
    internal static ISiloBuilder UseCluster(this ISiloBuilder silo, ClusterModel model)
    {
        if (model.Redis is { } redis)
        {
            silo.UseRedisClustering(o => o.ConfigurationOptions = redis).ConfigureEndpoints(model.Advertised, model.SiloPort, model.GatewayPort);
        }
        else
        {
            silo.UseLocalhostClustering(model.SiloPort, model.GatewayPort, null, model.ServiceId, model.ClusterId);
        }

        silo.Configure<ClusterOptions>(o =>
        {
            o.ClusterId = model.ClusterId;
            o.ServiceId = model.ServiceId;
        });
        silo.Configure<EndpointOptions>(o =>
        {
            o.AdvertisedIPAddress = model.Advertised;
            if (model.Listen is not { } listen) return;
            o.SiloListeningEndpoint = new IPEndPoint(listen, model.SiloPort);
            o.GatewayListeningEndpoint = model.GatewayPort == 0 ? null : new IPEndPoint(listen, model.GatewayPort);
        });
        if (model.SiloName is { } name) silo.Configure<SiloOptions>(o => o.SiloName = name);
        foreach (var (storage, where) in model.Storages) AddStorage(silo, storage, where);
        if (model.Reminders is { } reminders) silo.UseRedisReminderService(o => o.ConfigurationOptions = reminders);
        else silo.UseInMemoryReminderService();
        return silo;
    }

    /// <summary>How to find the silos.</summary>
    internal static IClientBuilder UseCluster(this IClientBuilder client, ClusterModel model)
    {
        client.Configure<ClusterOptions>(o =>
        {
            o.ClusterId = model.ClusterId;
            o.ServiceId = model.ServiceId;
        });
        return model.Redis is { } redis ? client.UseRedisClustering(o => o.ConfigurationOptions = redis) : client.UseStaticClustering([.. model.Gateways]);
    }

    private static void AddStorage(ISiloBuilder silo, string name, StorageModel storage)
    {
        var isDefault = name == ClusterModelReader.DefaultStorage;
        if (storage.Redis is { } redis)
        {
            if (isDefault) silo.AddRedisGrainStorageAsDefault(Configure);
            else silo.AddRedisGrainStorage(name, Configure);

            void Configure(Orleans.Persistence.RedisStorageOptions options)
            {
                options.ConfigurationOptions = redis;
                options.DeleteStateOnClear = storage.DeleteStateOnClear;
            }
        }
        else if (isDefault)
        {
            silo.AddMemoryGrainStorageAsDefault();
        }
        else
        {
            silo.AddMemoryGrainStorage(name);
        }
    }
}
