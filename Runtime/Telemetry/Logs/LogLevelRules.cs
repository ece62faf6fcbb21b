using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Granary.Telemetry.Logs;

/// <summary>Makes .NET's logging obey <see cref="LogLevels"/>: after each reading of the configuration, and again whenever an override comes or goes.</summary>
internal sealed class LogLevelRules(LogLevels levels) : IPostConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>
{
    public string? Name => Options.DefaultName;

    public void PostConfigure(string? name, LoggerFilterOptions options) => levels.Apply(options);

    public IChangeToken GetChangeToken() => levels.Changes();
}
