using System.Diagnostics;
using System.Text.Json;
using Granary.Rpc;
using Granary.Telemetry.Logs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Granary.Tests;

public sealed class JsonLineTests
{
    [Fact]
    public void An_entry_is_one_line_with_its_trace_and_its_fields()
    {
        using var span = new Activity("call").SetParentId("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").Start();
        var line = Write(log => log.LogWarning(new EventId(7), "{Count} calls of {Method} took {Seconds}", 3, "Multi\nply", double.NaN));

        Assert.Equal("warn", line.GetProperty("level").GetString());
        Assert.Equal(7, line.GetProperty("event").GetInt32());
        Assert.Equal("3 calls of Multi\nply took NaN", line.GetProperty("message").GetString());
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", line.GetProperty("traceId").GetString());
        Assert.Equal(span.SpanId.ToHexString(), line.GetProperty("spanId").GetString());
        Assert.Equal(3, line.GetProperty("fields").GetProperty("Count").GetInt32());
        Assert.Equal("NaN", line.GetProperty("fields").GetProperty("Seconds").GetString());
        Assert.False(line.GetProperty("fields").TryGetProperty("{OriginalFormat}", out _));
        Assert.EndsWith("Z", line.GetProperty("time").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_activity_the_trace_is_that_of_the_call_that_runs()
    {
        var call = new AsyncLocal<ActivityContext>();
        RpcTrace.FindBy(() => call.Value);
        Activity.Current = null;
        Assert.False(Write(log => log.LogWarning("outside")).TryGetProperty("traceId", out _));

        call.Value = new ActivityContext(ActivityTraceId.CreateFromString("0af7651916cd43dd8448eb211c80319c"), ActivitySpanId.CreateFromString("b7ad6b7169203331"), ActivityTraceFlags.None);
        var line = Write(log => log.LogWarning("inside"));
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"), (line.GetProperty("traceId").GetString(), line.GetProperty("spanId").GetString()));
    }

    [Fact]
    public void An_error_comes_with_its_type_and_stack()
    {
        InvalidOperationException thrown;
        try
        {
            throw new InvalidOperationException("broken");
        }
        catch (InvalidOperationException e)
        {
            thrown = e;
        }

        var error = Write(log => log.LogError(thrown, "It failed")).GetProperty("error");
        Assert.Equal("System.InvalidOperationException", error.GetProperty("type").GetString());
        Assert.Equal("broken", error.GetProperty("message").GetString());
        Assert.Contains(nameof(An_error_comes_with_its_type_and_stack), error.GetProperty("stack").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_or_malformed_value_is_cut_and_stays_JSON()
    {
        var line = Write(log => log.LogInformation("got {Value}", "\ud800" + new string('\ud83d', 1) + "\0" + new string('x', 100_000)));
        Assert.InRange(line.GetProperty("fields").GetProperty("Value").GetString()!.Length, 1, JsonLineFormatter.MaxValueLength + 3);
        Assert.StartsWith("\ufffd\ufffd\0xxx", line.GetProperty("fields").GetProperty("Value").GetString(), StringComparison.Ordinal);
    }

    private static JsonElement Write(Action<ILogger> log)
    {
        using var text = new StringWriter();
        log(new FormatterLogger(text));
        var lines = text.ToString();
        Assert.Equal(lines.Length - 1, lines.IndexOf('\n', StringComparison.Ordinal));
        return JsonDocument.Parse(lines).RootElement;
    }

    private sealed class FormatterLogger(TextWriter writer) : ILogger
    {
        private readonly JsonLineFormatter _formatter = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _formatter.Write(new LogEntry<TState>(logLevel, "Test", eventId, state, exception, formatter), null, writer);
    }
}
