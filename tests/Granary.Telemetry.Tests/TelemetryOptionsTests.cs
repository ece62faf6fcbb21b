using Microsoft.Extensions.Options;

namespace Granary.Tests;

public sealed class TelemetryOptionsTests
{
    [Theory]
    [InlineData("ServiceName", " ", "Write the name dashboards should show")]
    [InlineData("MaxSeriesPerMetric", "5", "Write a number from 10 to 100000")]
    [InlineData("TailKeep:SlowerThan", "00:00:00", "Write a time from")]
    [InlineData("TailKeep:MaxSpans", "10", "Write a number from 1000")]
    [InlineData("LogTailEntries", "0", "Write a number from 10 to 10000")]
    [InlineData("SampleRatio", "1.5", "Write a share from 0")]
    [InlineData("SampleRatio", "NaN", "Write a share from 0")]
    [InlineData("Otlp:Endpoint", "collector:4317", "Write an http or https address")]
    [InlineData("Otlp:Protocol", "http", "Write grpc or http/protobuf")]
    public async Task A_wrong_option_stops_the_start_with_what_to_write(string key, string value, string message)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => TelemetryHost.StartAsync("Test", ("Granary:Telemetry:" + key, value)));
        Assert.Contains($"Granary:Telemetry:{key} is", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
