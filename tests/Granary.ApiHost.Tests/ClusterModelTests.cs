using System.Net;
using Granary.Hosting.Cluster;
using Granary.Hosting.Settings;

namespace Granary.Tests;

/// <summary>What becomes of the settings of a process in a cluster.</summary>
public sealed class ClusterModelTests
{
    [Fact]
    public void Without_Redis_a_silo_is_a_cluster_of_its_own_on_the_loopback_address()
    {
        var model = Read(_ => { });
        Assert.Null(model.Redis);
        Assert.Equal((IPAddress.Loopback, 11111, 30000), (model.Advertised, model.SiloPort, model.GatewayPort));
        Assert.Null(Assert.Single(model.Storages).Value.Redis);
        Assert.Null(model.Reminders);
    }

    [Fact]
    public void With_Redis_everything_is_there_unless_told_otherwise()
    {
        var model = Read(s =>
        {
            s.Redis.ConnectionString = "localhost:6379";
            s.Storages["scratch"] = new StorageSettings { Kind = StoreKind.Memory };
            s.Storages["archive"] = new StorageSettings { ConnectionString = "localhost:6380", DeleteStateOnClear = true };
        });
        Assert.Equal((0, 0), (model.SiloPort, model.GatewayPort));
        Assert.Same(model.Redis, model.Storages["Default"].Redis);
        Assert.Same(model.Redis, model.Reminders);
        Assert.Null(model.Storages["scratch"].Redis);
        Assert.NotSame(model.Redis, model.Storages["archive"].Redis);
        Assert.True(model.Storages["archive"].DeleteStateOnClear);
    }

    [Fact]
    public void A_host_name_is_resolved_and_auto_is_an_address_of_this_machine()
    {
        Assert.Equal(IPAddress.Loopback, Read(s => s.Cluster.AdvertisedAddress = "localhost").Advertised);
        List<string> faults = [];
        var model = new ClusterModelReader(new HostSettings { Cluster = { AdvertisedAddress = "auto" } }, ProcessKind.Silo, faults).Read();
        Assert.True(!IPAddress.IsLoopback(model.Advertised) || faults.Single().Contains("no address but the loopback one", StringComparison.Ordinal));
    }

    [Fact]
    public void A_connection_string_comes_from_a_file_too()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, " localhost:7000,password=hunter2\n");
            var redis = Read(s => s.Redis.ConnectionStringFile = file).Redis!;
            Assert.Equal("hunter2", redis.Password);
            Assert.Contains("Keep one.", Fault(s => (s.Redis.ConnectionString, s.Redis.ConnectionStringFile) = ("localhost", file)), StringComparison.Ordinal);
            File.WriteAllText(file, "\n");
            Assert.Contains("is empty", Fault(s => s.Redis.ConnectionStringFile = file), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Contains("cannot be read", Fault(s => s.Redis.ConnectionStringFile = file), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_is_told_at_once()
    {
        List<string> faults = [];
        var settings = new HostSettings { StopDelay = TimeSpan.FromDays(1), Reminders = StoreKind.Redis };
        settings.Cluster.ClusterId = " ";
        settings.Cluster.ServiceId = "";
        settings.Cluster.AdvertisedAddress = "0.0.0.0";
        settings.Cluster.ListenAddress = "everywhere";
        settings.Cluster.SiloPort = 70000;
        settings.Cluster.GatewayPort = -1;
        settings.Storages["a"] = new StorageSettings { Kind = StoreKind.Redis };
        settings.Storages["b"] = new StorageSettings { Kind = StoreKind.Memory, ConnectionString = "localhost" };
        new ClusterModelReader(settings, ProcessKind.Silo, faults).Read();
        Assert.Equal(10, faults.Count);
        Assert.All(
            ["ClusterId", "ServiceId", "AdvertisedAddress", "ListenAddress", "SiloPort", "GatewayPort", "StopDelay", "Reminders", "Storages:a", "Storages:b"],
            key => Assert.Single(faults, f => f.Contains(key, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("redis:6379,password=hunter2,nonsense=hunter2")]
    [InlineData("redis:6379,password=hunter2,connectTimeout=soon")]
    [InlineData(",password=hunter2")]
    public void A_connection_string_that_cannot_be_read_is_not_repeated(string text)
    {
        var fault = Fault(s => s.Redis.ConnectionString = text);
        Assert.Contains("Granary:Redis:ConnectionString", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(ProcessKind.Silo), "127.0.0.1", null, "", null)]
    [InlineData(nameof(ProcessKind.Silo), "10.0.0.1", null, "", "listens on 10.0.0.1")]
    [InlineData(nameof(ProcessKind.Silo), "127.0.0.1", "any", "", "listens on 0.0.0.0")]
    [InlineData(nameof(ProcessKind.Silo), "127.0.0.1", null, "localhost", "shares its cluster")]
    [InlineData(nameof(ProcessKind.EmbeddedSilo), "10.0.0.1", null, "", null)]
    [InlineData(nameof(ProcessKind.EmbeddedSilo), "127.0.0.1", null, "localhost", "shares its cluster")]
    [InlineData(nameof(ProcessKind.Client), "127.0.0.1", null, "localhost", "shares its cluster")]
    [InlineData(nameof(ProcessKind.Client), "127.0.0.1", null, "", null)]
    public void A_process_that_others_reach_needs_a_secret(string kind, string advertised, string? listen, string redis, string? why)
    {
        var process = Enum.Parse<ProcessKind>(kind);
        var model = Read(
            s =>
            {
                s.Cluster.AdvertisedAddress = advertised;
                s.Cluster.ListenAddress = listen;
                s.Redis.ConnectionString = redis;
            },
            process);
        List<string> faults = [];
        Protection.Check(model, process, null, isElsewhere: false, faults);
        if (why is null) Assert.Empty(faults);
        else Assert.Contains(why, Assert.Single(faults), StringComparison.Ordinal);

        faults.Clear();
        Protection.Check(model, process, "a secret of some length", isElsewhere: false, faults);
        Assert.Empty(faults);
        Protection.Check(model, process, "short", isElsewhere: false, faults);
        Assert.Equal(why is not null, faults.Count == 1);
    }

    [Fact]
    public void A_client_of_a_silo_elsewhere_needs_a_secret()
    {
        var model = Read(s => s.Cluster.Gateways.Add("10.0.0.1:30000"), ProcessKind.Client);
        List<string> faults = [];
        Protection.Check(model, ProcessKind.Client, null, isElsewhere: false, faults);
        Assert.Contains("10.0.0.1:30000", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost:6379", true)]
    [InlineData("127.0.0.1:6379,[::1]:6379", true)]
    [InlineData("redis:6379", false)]
    [InlineData("localhost:6379,10.0.0.9:6379", false)]
    [InlineData("redis:6379,password=x", true)]
    public void A_Redis_elsewhere_needs_a_password(string redis, bool fine)
    {
        List<string> faults = [];
        Protection.Check(Read(s => s.Redis.ConnectionString = redis), ProcessKind.Silo, "a secret of some length", isElsewhere: false, faults);
        Assert.Equal(fine, faults.Count == 0);
    }

    [Theory]
    [InlineData("http://localhost:8081", "127.0.0.1", "http://127.0.0.1:8081")]
    [InlineData("http://localhost:8081", "10.0.0.5", null)]
    [InlineData("http://*:8081", "10.0.0.5", "http://10.0.0.5:8081")]
    [InlineData("http://0.0.0.0:8081", "10.0.0.5", "http://10.0.0.5:8081")]
    [InlineData("http://[::]:8081", "fd00::1", "http://[fd00::1]:8081")]
    [InlineData("http://localhost:8081;https://+:8443", "10.0.0.5", "https://10.0.0.5:8443")]
    [InlineData("http://silo-1.internal:8081", "10.0.0.5", "http://silo-1.internal:8081")]
    [InlineData("http://127.0.0.1:0", "127.0.0.1", null)]
    [InlineData("http://unix:/tmp/x", "127.0.0.1", null)]
    [InlineData("nonsense", "127.0.0.1", null)]
    [InlineData(null, "127.0.0.1", null)]
    public void The_http_address_that_others_are_told_is_one_they_can_reach(string? urls, string advertised, string? told) =>
        Assert.Equal(told, HttpAddress.Of(urls, IPAddress.Parse(advertised)));

    private static ClusterModel Read(Action<HostSettings> configure, ProcessKind process = ProcessKind.Silo)
    {
        var settings = new HostSettings();
        configure(settings);
        List<string> faults = [];
        var model = new ClusterModelReader(settings, process, faults).Read();
        Assert.Empty(faults);
        return model;
    }

    private static string Fault(Action<HostSettings> configure)
    {
        var settings = new HostSettings();
        configure(settings);
        List<string> faults = [];
        new ClusterModelReader(settings, ProcessKind.Silo, faults).Read();
        return Assert.Single(faults);
    }
}
