using System.Diagnostics;
using Granary.Telemetry.Traces;
using Granary.Tests.Support;

namespace Granary.Tests;

/// <summary>What sampling leaves out, and a collector gets all the same.</summary>
public sealed class TailKeepTests
{
    private readonly string _name = "Test." + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_trace_with_an_error_is_sent_whole_and_one_without_is_not()
    {
        var spans = await RunAsync([("TailKeep:Enabled", "true")], source =>
        {
            using (source.StartActivity("fine")) source.StartActivity("fine inner")!.Dispose();
            using (source.StartActivity("outer"))
            {
                source.StartActivity("before")!.Dispose();
                using (var inner = source.StartActivity("inner")) inner!.SetStatus(ActivityStatusCode.Error, "broken");
                source.StartActivity("after")!.Dispose();
            }
        });

        Assert.Equal(["after", "before", "inner", "outer"], spans.Select(s => s.Name).Order(StringComparer.Ordinal));
        Assert.Single(spans.Select(s => s.TraceId).Distinct());
        Assert.All(spans, s => Assert.Equal("error", s.Attributes["granary.kept"]));
        Assert.All(spans, s => Assert.Equal("granary-test", s.Service));
        Assert.Equal(2, Assert.Single(spans, s => s.Name == "inner").Status);
    }

    [Fact]
    public async Task A_slow_call_is_sent_and_a_slow_stream_is_not()
    {
        var spans = await RunAsync([("TailKeep:Enabled", "true"), ("TailKeep:SlowerThan", "00:00:02")], source =>
        {
            Timed("quick", 1.9);
            Timed("slow", 2);
            Timed("stream", 100);

            void Timed(string name, double seconds)
            {
                var span = source.StartActivity(name)!;
                if (name == "stream") span.SetTag("granary.stream", true);
                span.SetEndTime(span.StartTimeUtc.AddSeconds(seconds));
                span.Stop();
            }
        });
        Assert.Equal(("slow", "slow"), Assert.Single(spans.Select(s => (s.Name, s.Attributes["granary.kept"]))));
    }

    [Fact]
    public async Task What_two_roots_of_a_process_did_for_one_trace_is_kept_together()
    {
        // A silo that is called back: the inner call has ended long before the outer one fails.
        var trace = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None, isRemote: true);
        var spans = await RunAsync([("TailKeep:Enabled", "true")], source =>
        {
            var outer = source.StartActivity("outer", ActivityKind.Server, trace)!;
            source.StartActivity("called back", ActivityKind.Server, trace)!.Dispose();
            outer.SetStatus(ActivityStatusCode.Error);
            outer.Dispose();
        });
        Assert.Equal(["called back", "outer"], spans.Select(s => s.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_sampled_is_sent_once_and_without_a_reason()
    {
        var spans = await RunAsync([("TailKeep:Enabled", "true"), ("SampleRatio", "1")], source =>
        {
            using var span = source.StartActivity("sampled");
            span!.SetStatus(ActivityStatusCode.Error);
        });
        Assert.False(Assert.Single(spans).Attributes.ContainsKey("granary.kept"));
    }

    [Fact]
    public async Task Without_it_an_error_that_was_not_sampled_is_lost() => Assert.Empty(await RunAsync([], source =>
    {
        using var span = source.StartActivity("lost");
        span?.SetStatus(ActivityStatusCode.Error);
    }));

    [Fact]
    public void When_too_much_is_held_the_oldest_trace_is_judged_by_what_it_has_shown()
    {
        using var source = new ActivitySource(_name);
        using var listener = Listen();
        var shard = new TailKeepShard(4, TimeSpan.FromHours(1));
        var first = Begin(shard, source, "first");
        var failed = Begin(shard, source, "failed", first.Context);
        failed.SetStatus(ActivityStatusCode.Error);
        failed.Stop();
        Assert.Null(shard.End(failed));
        for (var i = 0; i < 2; i++) Begin(shard, source, "other");

        // The fifth span: the oldest trace goes, with what it has.
        var span = source.CreateActivity("one more", ActivityKind.Internal, default(ActivityContext))!.Start();
        var evicted = shard.Begin(span);
        Assert.Equal((first.TraceId, "error"), (evicted!.Id, evicted.Reason));
        Assert.Equal(failed, Assert.Single(evicted.Ended));

        // And what it still had open speaks for itself.
        first.Stop();
        var late = shard.End(first);
        Assert.Null(late!.Reason);
        Assert.Equal(first, Assert.Single(late.Ended));
    }

    [Fact]
    public void Nothing_is_held_of_traces_that_have_ended()
    {
        using var source = new ActivitySource(_name);
        using var listener = Listen();
        var shard = new TailKeepShard(3, TimeSpan.FromHours(1));
        for (var i = 0; i < 1000; i++)
        {
            var outer = source.CreateActivity("outer", ActivityKind.Internal, default(ActivityContext))!.Start();
            Assert.Null(shard.Begin(outer));
            var inner = source.CreateActivity("inner", ActivityKind.Internal, outer.Context)!.Start();
            Assert.Null(shard.Begin(inner));
            inner.Stop();
            Assert.Null(shard.End(inner));
            outer.Stop();
            Assert.Equal(2, shard.End(outer)!.Ended.Count);
        }
    }

    [Fact]
    public async Task Calls_on_all_cores_are_kept_or_dropped_each_whole()
    {
        var spans = await RunAsync([("TailKeep:Enabled", "true")], source => Parallel.For(0, 200, i =>
        {
            Activity.Current = null;
            using var outer = source.StartActivity("outer");
            using (source.StartActivity("inner"))
            {
            }

            if (i % 4 == 0) outer!.SetStatus(ActivityStatusCode.Error);
        }));
        Assert.Equal(100, spans.Count);
        Assert.All(spans.GroupBy(s => s.TraceId), trace => Assert.Equal(["inner", "outer"], trace.Select(s => s.Name).Order(StringComparer.Ordinal)));
    }

    private static Activity Begin(TailKeepShard shard, ActivitySource source, string name, ActivityContext parent = default)
    {
        var span = source.CreateActivity(name, ActivityKind.Internal, parent)!.Start();
        Assert.Null(shard.Begin(span));
        return span;
    }

    private ActivityListener Listen()
    {
        Activity.Current = null;
        var listener = new ActivityListener { ShouldListenTo = s => s.Name == _name, Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    /// <summary>
    /// What a collector gets of a host that samples nothing, unless a setting says otherwise. Of the test's own source alone: the web requests of tests beside this one are spans of the process too, and recorded for all
    /// as soon as one host records them.
    /// </summary>
    private async Task<IReadOnlyList<OtlpSpan>> RunAsync((string Key, string Value)[] settings, Action<ActivitySource> act)
    {
        await using var collector = await OtlpCollector.StartAsync();
        using var source = new ActivitySource(_name);
        var all = new Dictionary<string, string>(StringComparer.Ordinal) { ["Granary:Telemetry:SampleRatio"] = "0", ["Granary:Telemetry:Sources:0"] = _name };
        foreach (var (key, value) in collector.Settings) all[key] = value;
        foreach (var (key, value) in settings) all["Granary:Telemetry:" + key] = value;
        await using (var host = await TelemetryHost.StartAsync(_name, [.. all.Select(s => (s.Key, s.Value))]))
        {
            Activity.Current = null;
            act(source);
        }

        return [.. collector.Spans.Where(s => s.Scope == _name)];
    }
}
