using Granary.Telemetry.Prometheus;

namespace Granary.Tests;

public sealed class MetricNameTests
{
    [Theory]
    [InlineData("rpc.server.duration", "s", false, false, "rpc_server_duration_seconds", "seconds")]
    [InlineData("dotnet.process.cpu.time", "s", true, false, "dotnet_process_cpu_time_seconds", "seconds")]
    [InlineData("http.server.active_requests", "{request}", false, true, "http_server_active_requests", null)]
    [InlineData("orleans-catalog-activation-created", "", true, false, "orleans_catalog_activation_created", null)]
    [InlineData("calls_total", "", true, false, "calls", null)]
    [InlineData("fill", "1", false, true, "fill_ratio", "ratio")]
    [InlineData("fill", "1", true, false, "fill", null)]
    [InlineData("io.bytes", "By", true, false, "io_bytes", "bytes")]
    [InlineData("io", "By/s", false, true, "io_bytes_per_second", "bytes_per_second")]
    [InlineData("io", "{packet}/s", false, true, "io", null)]
    [InlineData("1st..täst", "", false, true, "_1st_t_st", null)]
    [InlineData("", "", false, true, "_", null)]
    public void Names_follow_the_compatibility_specification(string name, string unit, bool counter, bool gauge, string expected, string? expectedUnit) =>
        Assert.Equal((expected, expectedUnit), MetricName.Family(name, unit, counter, gauge));

    [Theory]
    [InlineData("rpc.method", "rpc_method")]
    [InlineData("a:b", "a_b")]
    [InlineData("9", "_9")]
    public void Labels_are_letters_digits_and_underscores(string name, string expected) => Assert.Equal(expected, MetricName.Label(name));
}
