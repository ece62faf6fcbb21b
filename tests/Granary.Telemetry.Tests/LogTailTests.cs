using System.Diagnostics;
using Granary.Telemetry.Logs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Granary.Tests;

public sealed class LogTailTests
{
    private readonly string _category = "Test." + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task What_a_process_logs_can_be_read_with_its_trace_and_its_error()
    {
        await using var host = await TelemetryHost.StartAsync(_category);
        var log = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger(_category);
        using (new Activity("call").SetParentId("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").Start())
        {
            log.LogError(new InvalidOperationException("broken"), "{Method} failed", "Multiply");
        }

        log.LogInformation("something else");

        var tail = host.Services.GetRequiredService<LogTail>();
        var error = Assert.Single(tail.Read(0, 10, LogLevel.Error, _category).Entries);
        Assert.Equal(("Multiply failed", LogLevel.Error, _category, "0af7651916cd43dd8448eb211c80319c"), (error.Text, error.Level, error.Category, error.TraceId));
        Assert.Equal(16, error.SpanId!.Length);
        Assert.Contains("System.InvalidOperationException: broken", error.Exception, StringComparison.Ordinal);
        Assert.Equal(error, Assert.Single(tail.Read(0, 10, LogLevel.Trace, "0AF7651916CD43DD8448EB211C80319C").Entries));
        Assert.Equal("something else", Assert.Single(tail.Read(error.Sequence, 10, LogLevel.Trace, _category).Entries).Text);
    }

    [Fact]
    public async Task What_is_not_to_be_logged_is_not_even_formatted()
    {
        await using var host = await TelemetryHost.StartAsync(_category, ($"Logging:LogLevel:{_category}", "Warning"));
        var log = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger(_category);
        Assert.False(log.IsEnabled(LogLevel.Information));
        log.Log(LogLevel.Information, 0, "state", null, (_, _) => throw new InvalidOperationException("formatted"));
        Assert.Empty(host.Services.GetRequiredService<LogTail>().Read(0, 10, LogLevel.Trace, _category).Entries);
    }

    [Fact]
    public void A_reader_gets_every_entry_once_and_is_told_what_it_missed()
    {
        var tail = Filled(25, capacity: 10);
        var first = tail.Read(0, 4, LogLevel.Trace, null);
        Assert.Equal(([16L, 17, 18, 19], 19L, 15L), (first.Entries.Select(e => e.Sequence), first.Last, first.Missed), Same);
        var rest = tail.Read(first.Last, 100, LogLevel.Trace, null);
        Assert.Equal(([20L, 21, 22, 23, 24, 25], 25L, 0L), (rest.Entries.Select(e => e.Sequence), rest.Last, rest.Missed), Same);
        Assert.Empty(tail.Read(rest.Last, 100, LogLevel.Trace, null).Entries);

        // From a process that has been replaced.
        Assert.Equal(10, tail.Read(1000, 100, LogLevel.Trace, null).Entries.Count);

        static bool Same((IEnumerable<long> Numbers, long Last, long Missed) a, (IEnumerable<long> Numbers, long Last, long Missed) b) =>
            a.Numbers.SequenceEqual(b.Numbers) && (a.Last, a.Missed) == (b.Last, b.Missed);
    }

    [Fact]
    public void A_new_reader_can_begin_with_the_newest()
    {
        var tail = Filled(25, capacity: 10);
        var newest = tail.Read(-1, 3, LogLevel.Trace, null);
        Assert.Equal([23L, 24, 25], newest.Entries.Select(e => e.Sequence));
        Assert.Equal((25, 0), (newest.Last, newest.Missed));
        Assert.Equal("entry 21", Assert.Single(tail.Read(-1, 3, LogLevel.Trace, "ENTRY 21").Entries).Text);
        var passedOver = tail.Read(20, 3, LogLevel.Trace, "nothing like it");
        Assert.Equal((0, 25), (passedOver.Entries.Count, passedOver.Last));
    }

    [Fact]
    public void A_huge_entry_is_cut()
    {
        var tail = new LogTail(10, TimeProvider.System);
        tail.Add(LogLevel.Error, "c", new string('x', 100_000), new InvalidOperationException(new string('y', 100_000)));
        var entry = Assert.Single(tail.Read(0, 1, LogLevel.Trace, null).Entries);
        Assert.Equal((LogTail.MaxTextLength, LogTail.MaxExceptionLength), (entry.Text.Length, entry.Exception!.Length));
        Assert.EndsWith("...", entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_writers_lose_no_number_and_a_reader_sees_them_in_order()
    {
        var tail = new LogTail(64, TimeProvider.System);
        var seen = 0L;
        var writers = Task.Run(() => Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < 2000; i++) tail.Add(LogLevel.Information, "c", "text", null);
        }));
        while (true)
        {
            var isOver = writers.IsCompleted;
            var batch = tail.Read(seen, 16, LogLevel.Trace, null);
            if (batch.Entries.Count > 0) Assert.Equal(Enumerable.Range(0, batch.Entries.Count).Select(i => seen + batch.Missed + 1 + i), batch.Entries.Select(e => e.Sequence));
            seen = batch.Last;
            if (isOver && batch.Entries.Count == 0) break;
        }

        Assert.Equal(8000, seen);
    }

    private static LogTail Filled(int entries, int capacity)
    {
        var tail = new LogTail(capacity, TimeProvider.System);
        for (var i = 1; i <= entries; i++) tail.Add(LogLevel.Information, "Category", $"entry {i}", null);
        return tail;
    }
}
