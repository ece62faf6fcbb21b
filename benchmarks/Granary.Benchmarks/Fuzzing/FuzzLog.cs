using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Granary.Fuzzing;

/// <summary>Keeps what must not be logged: errors of the engine itself. That a peer broke the protocol is what is expected, and so is what grains do with odd arguments.</summary>
internal sealed class FuzzLog : ILoggerFactory, ILogger
{
    private const int PeerBrokeProtocol = 1107;

    private readonly ConcurrentQueue<string> _errors = new();

    internal bool TryTake(out string? error) => _errors.TryDequeue(out error);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error && eventId.Id != PeerBrokeProtocol) _errors.Enqueue($"{eventId.Id}: {formatter(state, exception)}{(exception is null ? "" : Environment.NewLine + exception)}");
    }
}
