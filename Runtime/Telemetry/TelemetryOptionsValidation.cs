using Microsoft.Extensions.Options;

namespace Granary.Telemetry;

/// <summary>Refuses wrong options when the host starts, with a text that says what to write.</summary>
internal sealed class TelemetryOptionsValidation : IValidateOptions<TelemetryOptions>
{
    internal static bool IsLogTail(int entries) => entries is >= 10 and <= 10_000;

    public ValidateOptionsResult Validate(string? name, TelemetryOptions options)
    {
        List<string> wrong = [];
        if (string.IsNullOrWhiteSpace(options.ServiceName))
        {
            wrong.Add($"{TelemetryOptions.Section}:ServiceName is empty. Write the name dashboards should show, for example \"granary\", or leave it out.");
        }

        if (options.MaxSeriesPerMetric is < 10 or > 100_000)
        {
            wrong.Add($"{TelemetryOptions.Section}:MaxSeriesPerMetric is {options.MaxSeriesPerMetric}. Write a number from 10 to 100000; 1000 is the default.");
        }

        if (!(options.SampleRatio is >= 0 and <= 1))
        {
            wrong.Add($"{TelemetryOptions.Section}:SampleRatio is {options.SampleRatio}. Write a share from 0 (none) to 1 (every trace), for example 0.1.");
        }

        if (options.TailKeep.SlowerThan < TimeSpan.FromMilliseconds(1) || options.TailKeep.SlowerThan > TimeSpan.FromHours(1))
        {
            wrong.Add($"{TelemetryOptions.Section}:TailKeep:SlowerThan is {options.TailKeep.SlowerThan}. Write a time from 00:00:00.001 to 01:00:00, for example 00:00:01.");
        }

        if (options.TailKeep.MaxSpans is < 1000 or > 1_000_000)
        {
            wrong.Add($"{TelemetryOptions.Section}:TailKeep:MaxSpans is {options.TailKeep.MaxSpans}. Write a number from 1000 to 1000000; 10000 is the default.");
        }

        if (options.Otlp.Endpoint is { } endpoint && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            wrong.Add($"{TelemetryOptions.Section}:Otlp:Endpoint is '{endpoint}'. Write an http or https address, for example http://localhost:4317, or leave it out to send nothing.");
        }

        if (options.Otlp.Protocol is not (null or "grpc" or "http/protobuf"))
        {
            wrong.Add($"{TelemetryOptions.Section}:Otlp:Protocol is '{options.Otlp.Protocol}'. Write grpc or http/protobuf.");
        }

        if (!IsLogTail(options.LogTailEntries))
        {
            wrong.Add($"{TelemetryOptions.Section}:LogTailEntries is {options.LogTailEntries}. Write a number from 10 to 10000; 1000 is the default.");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
