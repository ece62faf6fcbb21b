using Microsoft.Extensions.Logging;

namespace Granary.Telemetry.Logs;

/// <summary>Feeds <see cref="LogTail"/>. Its own levels, if any, stand under <c>Logging:LogTail:LogLevel</c>.</summary>
[ProviderAlias("LogTail")]
internal sealed class LogTailProvider(LogTail tail) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new TailLogger(tail, categoryName);

    public void Dispose()
    {
    }

    private sealed class TailLogger(LogTail tail, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel != LogLevel.None) tail.Add(logLevel, category, formatter(state, exception), exception);
        }
    }
}
