using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Granary.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Granary.Telemetry.Logs;

/// <summary>
/// Writes each log entry as one line of JSON: <c>time</c> (RFC 3339, UTC), <c>level</c>, <c>category</c>, <c>event</c>, <c>message</c>,
/// <c>traceId</c> and <c>spanId</c> of the call it belongs to (W3C), <c>error</c>, and the message's arguments under <c>fields</c>.
/// A value is cut at <see cref="MaxValueLength"/> characters, so that a hostile input cannot fill the log with one entry.
/// </summary>
internal sealed class JsonLineFormatter(TimeProvider? time = null) : ConsoleFormatter(FormatterName)
{
    internal const string FormatterName = "granary-json";
    internal const int MaxValueLength = 16 * 1024;

    // Nobody puts a console's lines into a web page; quotes and other scripts stay readable.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter?.Invoke(logEntry.State, logEntry.Exception);
        if (message is null && logEntry.Exception is null) return;

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("time", _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", Level(logEntry.LogLevel));
            json.WriteString("category", logEntry.Category);
            if (logEntry.EventId.Id != 0) json.WriteNumber("event", logEntry.EventId.Id);
            json.WriteString("message", Bounded(message));
            if (RpcTrace.Current is var trace && trace.TraceId != default)
            {
                json.WriteString("traceId", trace.TraceId.ToHexString());
                json.WriteString("spanId", trace.SpanId.ToHexString());
            }

            if (logEntry.Exception is { } error) WriteError(json, error);
            if (logEntry.State is IReadOnlyList<KeyValuePair<string, object?>> fields) WriteFields(json, fields);
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "critical",
    };

    private static void WriteError(Utf8JsonWriter json, Exception error)
    {
        json.WriteStartObject("error");
        json.WriteString("type", error.GetType().FullName);
        json.WriteString("message", Bounded(error.Message));
        json.WriteString("stack", Bounded(error.ToString()));
        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        var open = false;
        for (var i = 0; i < fields.Count; i++)
        {
            var (name, value) = fields[i];
            if (name == "{OriginalFormat}") continue;
            if (!open) json.WriteStartObject("fields");
            open = true;
            json.WritePropertyName(name);
            WriteValue(json, value);
        }

        if (open) json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool v: json.WriteBooleanValue(v); break;
            case int v: json.WriteNumberValue(v); break;
            case long v: json.WriteNumberValue(v); break;
            case uint v: json.WriteNumberValue(v); break;
            case ulong v: json.WriteNumberValue(v); break;
            case short v: json.WriteNumberValue(v); break;
            case byte v: json.WriteNumberValue(v); break;
            case decimal v: json.WriteNumberValue(v); break;
            case double v when double.IsFinite(v): json.WriteNumberValue(v); break;
            case float v when float.IsFinite(v): json.WriteNumberValue(v); break;
            default: json.WriteStringValue(Bounded(Convert.ToString(value, CultureInfo.InvariantCulture))); break;
        }
    }

    /// <summary>Also makes what is not valid UTF-16 writable: a lone surrogate, such as a cut may leave, becomes U+FFFD.</summary>
    private static string Bounded(string? text)
    {
        if (text is null) return "";
        if (text.Length > MaxValueLength) text = string.Concat(text.AsSpan(0, MaxValueLength), "...");
        return text;
    }
}
