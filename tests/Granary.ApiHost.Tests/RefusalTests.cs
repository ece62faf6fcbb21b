using System.Net;
using System.Net.Sockets;

namespace Granary.Tests;

/// <summary>A host that is set up wrongly does not start, and says what to write.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task Outside_Development_it_refuses_to_start_without_a_key_or_an_authority()
    {
        foreach (var environment in (string[])["Production", "Staging"])
        {
            var said = await RefusalAsync("ApiHost", environment);
            Assert.Contains("Granary:Authentication:Key", said, StringComparison.Ordinal);
            Assert.Contains("Granary__Authentication__Key", said, StringComparison.Ordinal);
            Assert.Contains("Granary:Authentication:Authority", said, StringComparison.Ordinal);
            Assert.Contains("openssl rand", said, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Granary:Authentication:Key=short", "at least 32 are needed")]
    [InlineData("Granary:Mode=Both", "Write Embedded or Client.")]
    [InlineData("Granary:Cluster:Gateways:0=silo:30000", "Write a silo's IP address and client port")]
    [InlineData("Granary:Cluster:ClusterId= ", "Granary:Cluster:ClusterId is empty")]
    [InlineData("Granary:Deadlines:Default=soon", "Granary:Deadlines:Default")]
    [InlineData("Granary:Limits:JsonDepth=0", "Granary:Limits:JsonDepth is 0")]
    [InlineData("Granary:Telemetry:SampleRatio=2", "Granary:Telemetry:SampleRatio is 2")]
    public async Task A_wrong_setting_is_named_with_what_to_write(string setting, string message)
    {
        string[] settings = setting.Contains("Authentication", StringComparison.Ordinal) ? [setting] : [Tokens.Setting, setting];
        Assert.Contains(message, await RefusalAsync("ApiHost", "Production", settings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Granary:Cluster:GatewayPort=0", "it is how clients find this silo")]
    [InlineData("Granary:Cluster:SiloPort=70000", "Write a port from 1 to 65535")]
    [InlineData("Granary:Cluster:SiloPort=many", "Granary:Cluster:SiloPort")]
    [InlineData("Granary:Redis:ConnectionString=localhost:6379,user=granary", "Granary:Redis:ConnectionString has the user 'granary' and no password")]
    public async Task The_silo_too(string setting, string message) => Assert.Contains(message, await RefusalAsync("Silo", "Production", setting), StringComparison.Ordinal);

    [Fact]
    public async Task Every_fault_is_told_at_once_and_no_secret_is_repeated()
    {
        var said = await RefusalAsync(
            "ApiHost",
            "Production",
            "Granary:Mode=Both",
            "Granary:Engine:DrainTimeout=20",
            "Granary:Engine:Weight=-1",
            "Granary:Limits:JsonDepth=0",
            "Granary:Discovery:MaximumWait=02:00:00",
            "Granary:Telemetry:SampleRatio=2",
            "Granary:Cluster:SiloPort=70000",
            "Granary:Redis:ConnectionString=redis:6379,password=hunter2,nonsense=hunter2");
        foreach (var key in (string[])["Mode", "Engine:DrainTimeout", "Engine:Weight", "Limits:JsonDepth", "Discovery:MaximumWait", "Telemetry:SampleRatio", "Cluster:SiloPort", "Redis:ConnectionString", "Authentication:Key"])
            Assert.Contains($"Granary:{key}", said, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outside_Development_a_cluster_without_protection_is_refused()
    {
        var said = await RefusalAsync("Silo", "Production", "Granary:Redis:ConnectionString=redis.example:6379");
        Assert.Contains("Granary:Engine:ClusterSecret is not set", said, StringComparison.Ordinal);
        Assert.Contains("redis.example:6379 and has no password", said, StringComparison.Ordinal);
        Assert.Contains("Granary:Cluster:AllowUnprotected", said, StringComparison.Ordinal);
        Assert.Contains("Granary:Engine:ClusterSecret is not set", await RefusalAsync("ApiHost", "Production", Tokens.Setting, "Granary:Mode=Client", "Granary:Redis:ConnectionString=localhost:6379"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_that_nobody_reads_is_a_warning_with_the_one_that_was_meant()
    {
        await using var process = HostProcess.Start("Silo", "Production", "Granary:Cluster:SiloPort=0", $"Granary:Cluster:GatewayPort={Ports.Free()}", "Granary:Cluster:ClusterSecret=0123456789abcdef", "Granary:Enginge:Weight=5");
        var line = await process.LineAsync(l => l.Contains("Granary:Cluster:ClusterSecret", StringComparison.Ordinal));
        Assert.Contains("Granary:Engine:ClusterSecret meant?", line, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", line, StringComparison.Ordinal);
        Assert.Contains("does nothing", await process.LineAsync(l => l.Contains("Granary:Enginge", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Redis_that_is_not_there_is_told_in_a_sentence()
    {
        var said = await RefusalAsync("ApiHost", "Development", "Granary:Mode=Client", $"Granary:Redis:ConnectionString=127.0.0.1:{Ports.Free()},password=hunter2");
        Assert.Contains("cannot be reached", said, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_in_a_sentence()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        var said = await RefusalAsync("ApiHost", "Development", $"Urls={address}");
        Assert.Contains(address, said, StringComparison.Ordinal);
        Assert.Contains("--urls http://localhost:9000", said, StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(string program, string environment, params string[] settings)
    {
        await using var process = HostProcess.Start(program, environment, settings);
        Assert.Equal(1, await process.ExitAsync());
        var said = await process.Errors;
        Assert.StartsWith("The host cannot start:", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said + string.Join('\n', process.Lines), StringComparison.Ordinal);
        return said;
    }
}
