using System.Net;
using Granary.Hosting.Settings;
using StackExchange.Redis;

namespace Granary.Hosting.Cluster;

/// <summary>Makes the model of the settings, and says everything that is wrong with them: which key, what was seen, what to write.</summary>
/// <remarks>A model comes out in any case, with a harmless value in place of a wrong one, so that the rest of the host can be checked too before it is refused.</remarks>
internal sealed class ClusterModelReader(HostSettings settings, ProcessKind process, List<string> faults)
{
    /// <summary>The name of the storage for grains that name none.</summary>
    internal const string DefaultStorage = "Default";

    private const string Cluster = "Granary:Cluster";
    private const string RedisKey = "Granary:Redis:ConnectionString";
    private const string UserOption = "user=";
    private const int UsualSiloPort = 11111;
    private const int UsualGatewayPort = 30000;
    private static readonly TimeSpan s_longestStopDelay = TimeSpan.FromMinutes(5);

    internal ClusterModel Read()
    {
        var redis = ReadRedis(RedisKey, SecretFile.Read(RedisKey, settings.Redis.ConnectionString, settings.Redis.ConnectionStringFile, faults));
        var cluster = settings.Cluster;
        NotEmpty(nameof(ClusterSettings.ClusterId), cluster.ClusterId, "the cluster's name, the same in every process of it, for example granary");
        NotEmpty(nameof(ClusterSettings.ServiceId), cluster.ServiceId, "the service's name, the same in every process of it, for example granary");
        if (settings.StopDelay < TimeSpan.Zero || settings.StopDelay > s_longestStopDelay) faults.Add($"Granary:StopDelay is {settings.StopDelay}. Write 00:00:00 to {s_longestStopDelay}, for example 00:00:05.");
        return new ClusterModel
        {
            ClusterId = cluster.ClusterId,
            ServiceId = cluster.ServiceId,
            SiloName = string.IsNullOrWhiteSpace(cluster.SiloName) ? null : cluster.SiloName,
            Advertised = process == ProcessKind.Client ? IPAddress.Loopback : ReadAdvertised(cluster.AdvertisedAddress),
            Listen = process == ProcessKind.Client ? null : ReadListen(cluster.ListenAddress),
            SiloPort = Port(nameof(ClusterSettings.SiloPort), cluster.SiloPort, redis is null ? UsualSiloPort : 0),
            GatewayPort = GatewayPort(redis is not null),
            Gateways = ReadGateways(redis is not null),
            Redis = redis,
            Storages = ReadStorages(redis),
            Reminders = ReadReminders(redis),
            StopDelay = settings.StopDelay,
        };
    }

    private void NotEmpty(string name, string value, string what)
    {
        if (string.IsNullOrWhiteSpace(value)) faults.Add($"{Cluster}:{name} is empty. Write {what}.");
    }

    private ConfigurationOptions? ReadRedis(string setting, string? text)
    {
        if (text is null) return null;
        try
        {
            // Not every client that this is built with knows the option user.
            var parts = text.Split(',', StringSplitOptions.TrimEntries).ToLookup(static part => part.StartsWith(UserOption, StringComparison.OrdinalIgnoreCase));
            var options = ConfigurationOptions.Parse(string.Join(',', parts[false]));
            options.User = parts[true].LastOrDefault()?[UserOption.Length..].Trim();
            if (options.EndPoints.Count == 0) faults.Add($"{setting} names no server. Write host:port, for example localhost:6379 or redis:6379,password=..,ssl=true.");
            else if (!string.IsNullOrEmpty(options.User) && string.IsNullOrEmpty(options.Password)) faults.Add($"{setting} has the user '{options.User}' and no password. Write redis:6379,user={options.User},password=..");
            else return options;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException)
        {
            // Neither the string nor the reader's message is repeated: both may hold the password.
            faults.Add($"{setting} is no connection string of Redis. Write host:port and then options, for example redis:6379,password=..,ssl=true.");
        }

        return null;
    }

    private IPAddress ReadAdvertised(string text)
    {
        if (AddressReader.TryResolve(text, out var address, out var problem)) return address;
        faults.Add($"{Cluster}:AdvertisedAddress is '{text}'{problem}. Write an IP address or host name under which other processes reach this one, for example 10.0.0.5, or auto.");
        return IPAddress.Loopback;
    }

    private IPAddress? ReadListen(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (text.Equals("any", StringComparison.OrdinalIgnoreCase)) return IPAddress.Any;
        if (IPAddress.TryParse(text, out var address)) return address;
        faults.Add($"{Cluster}:ListenAddress is '{text}'. Write an IP address of this machine, for example 0.0.0.0, or any.");
        return null;
    }

    private int Port(string name, int? port, int usual)
    {
        if (port is null or >= 0 and <= 65535) return port ?? usual;
        faults.Add($"{Cluster}:{name} is {port}. Write a port from 1 to 65535, for example {(usual == 0 ? UsualSiloPort : usual)}, or 0 for any free one.");
        return 0;
    }

    private int GatewayPort(bool hasRedis)
    {
        var port = settings.Cluster.GatewayPort;
        const string Name = nameof(ClusterSettings.GatewayPort);
        if (port is < 0 or > 65535 || (port == 0 && !hasRedis && process == ProcessKind.Silo))
        {
            faults.Add($"{Cluster}:{Name} is {port}. Write a port from 1 to 65535, for example {UsualGatewayPort}: without Redis it is how clients find this silo.");
            return UsualGatewayPort;
        }

        var siloPort = settings.Cluster.SiloPort ?? (hasRedis ? 0 : UsualSiloPort);
        var gatewayPort = port ?? (hasRedis ? 0 : UsualGatewayPort);
        if (process != ProcessKind.Client && gatewayPort != 0 && gatewayPort == siloPort) faults.Add($"{Cluster}:SiloPort and {Cluster}:{Name} are both {siloPort}. Write two different ports, or {Name} 0 for none of its own.");
        return gatewayPort;
    }

    private List<IPEndPoint> ReadGateways(bool hasRedis)
    {
        var gateways = new List<IPEndPoint>();
        foreach (var text in settings.Cluster.Gateways)
        {
            if (IPEndPoint.TryParse(text, out var gateway) && gateway.Port != 0) gateways.Add(gateway);
            else faults.Add($"{Cluster}:Gateways holds '{text}'. Write a silo's IP address and client port, for example 127.0.0.1:30000.");
        }

        if (process != ProcessKind.Client) return [];
        if (hasRedis && gateways.Count > 0) faults.Add($"Both {Cluster}:Gateways and {RedisKey} are set. Keep one way to find the silos; Redis knows all of them.");
        return gateways.Count > 0 ? gateways : [new IPEndPoint(IPAddress.Loopback, UsualGatewayPort)];
    }

    private Dictionary<string, StorageModel> ReadStorages(ConfigurationOptions? redis)
    {
        var storages = new Dictionary<string, StorageModel>(StringComparer.Ordinal) { [DefaultStorage] = new(redis, false) };
        foreach (var (name, storage) in settings.Storages)
        {
            var path = $"Granary:Storages:{name}";
            var own = ReadRedis($"{path}:ConnectionString", string.IsNullOrWhiteSpace(storage.ConnectionString) ? null : storage.ConnectionString);
            if (storage.Kind == StoreKind.Redis && own is null && redis is null && string.IsNullOrWhiteSpace(storage.ConnectionString))
                faults.Add($"{path}:Kind is Redis, and no Redis is configured. Set {path}:ConnectionString or {RedisKey}, for example localhost:6379.");
            if (storage.Kind == StoreKind.Memory && own is not null) faults.Add($"{path} has a ConnectionString, but its Kind is Memory. Keep one.");

            // A section by any case of the name is the default's.
            var key = name.Equals(DefaultStorage, StringComparison.OrdinalIgnoreCase) ? DefaultStorage : name;
            storages[key] = new StorageModel(storage.Kind == StoreKind.Memory ? null : own ?? redis, storage.DeleteStateOnClear);
        }

        return storages;
    }

    private ConfigurationOptions? ReadReminders(ConfigurationOptions? redis)
    {
        if (settings.Reminders == StoreKind.Redis && redis is null) faults.Add($"Granary:Reminders is Redis, and no Redis is configured. Set {RedisKey}, for example localhost:6379, or write Memory.");
        return settings.Reminders == StoreKind.Memory ? null : redis;
    }
}
