using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Tests.Support;

/// <summary>Keeps warnings and errors; a test that did not expect one fails.</summary>
internal sealed class LogSink : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _unexpected = new();
    private readonly ConcurrentQueue<string> _expected = new();
    private string[] _patterns = [];

    public IReadOnlyCollection<string> Expected => _expected;

    /// <summary>Lets through what contains this text.</summary>
    public void Expect(string text) => _patterns = [.. _patterns, text];

    public void Verify() => Assert.True(_unexpected.IsEmpty, "Unexpected log entries:\n" + string.Join('\n', _unexpected));

    public ILogger CreateLogger(string categoryName) => new CategoryLog(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class CategoryLog(LogSink sink, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // Debug too, so that code that formats only when asked to is run.
        public bool IsEnabled(LogLevel logLevel) => logLevel >= (category.StartsWith("Granary", StringComparison.Ordinal) ? LogLevel.Debug : LogLevel.Warning);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var text = $"{logLevel} {category}: {formatter(state, exception)} {exception}";
            if (logLevel < LogLevel.Warning) return;
            (IsExpected(text) ? sink._expected : sink._unexpected).Enqueue(text);
        }

        private bool IsExpected(string text) => sink._patterns.Any(p => text.Contains(p, StringComparison.Ordinal));
    }
}
