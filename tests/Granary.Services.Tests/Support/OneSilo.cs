using System.Collections.Concurrent;
using Granary.Engine;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;

namespace Granary.Services.Tests;

/// <summary>A host with one silo, and what it logged.</summary>
internal sealed class OneSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private OneSilo(IHost host, LogLines log)
    {
        _host = host;
        Log = log;
    }

    internal IServiceProvider Services => _host.Services;

    internal IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    internal SiloCore Core => Services.GetRequiredService<SiloCore>();

    internal LogLines Log { get; }

    internal static async Task<OneSilo> StartAsync(Action<ISiloBuilder>? configure = null, TimeProvider? time = null)
    {
        var log = new LogLines();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(log);
        builder.UseOrleans(silo =>
        {
            if (time is not null) silo.Services.AddSingleton(time);
            silo.Configure<EngineOptions>(o => o.OverloadQueueDelay = TimeSpan.Zero); // a busy machine is no reason to fail
            configure?.Invoke(silo);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new OneSilo(host, log);
    }

    internal Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}

/// <summary>What was logged.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    internal IEnumerable<string> From(LogLevel level) => _lines.Where(l => l.Level >= level).Select(l => l.Text);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines._lines.Enqueue((logLevel, $"{category}: {formatter(state, exception)} {exception}"));
    }
}
