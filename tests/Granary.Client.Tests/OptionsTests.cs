using System.Diagnostics;
using System.Diagnostics.Metrics;
using Granary.Client.Endpoints;
using Granary.Client.Tests.Support;
using Granary.Client.Wire;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Granary.Client.Tests;

/// <summary>Settings, registration and telemetry.</summary>
public sealed class OptionsTests
{
    public static TheoryData<string, Action<GranaryClientOptions>> Faults => new()
    {
        { "Endpoints is empty", o => o.Endpoints = [] },
        { "'localhost:80'", o => o.Endpoints = ["localhost:80"] },
        { "without a path", o => o.Endpoints = ["http://localhost/api"] },
        { "2 times", o => o.Endpoints = ["http://localhost", "http://localhost"] },
        { "Deadline is 00:00:00", o => o.Deadline = TimeSpan.Zero },
        { "Balancing", o => o.Balancing = (Balancing)9 },
        { "MaximumCalls is 0", o => o.MaximumCalls = 0 },
        { "RequestBytes is 1;", o => o.RequestBytes = 1 },
        { "Retries:Attempts is 0", o => o.Retries.Attempts = 0 },
        { "Retries:BudgetRatio is 2", o => o.Retries.BudgetRatio = 2 },
        { "Retries:MaximumDelay", o => o.Retries.MaximumDelay = TimeSpan.Zero },
        { "Health:ProbeTimeout", o => o.Health.ProbeTimeout = TimeSpan.Zero },
        { "'grpc-timeout' cannot be a header", o => o.Headers["grpc-timeout"] = "1S" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_wrong_setting_is_named(string part, Action<GranaryClientOptions> set)
    {
        var options = new GranaryClientOptions { Endpoints = ["http://localhost:8080"] };
        set(options);
        Assert.Contains(part, Assert.Throws<ArgumentException>(() => new GranaryClient(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_gets_one_client()
    {
        await using var server = await ScriptedServer.SayingAsync("x");
        await using var services = new ServiceCollection().AddGranaryClient(o => o.Endpoints = [server.Address.GetLeftPart(UriPartial.Authority)]).BuildServiceProvider();
        Assert.Equal("x", await services.GetRequiredService<GranaryClient>().GetGrain<IProbeGrain>("a").Key());
        await using var wrong = new ServiceCollection().AddGranaryClient(_ => { }).BuildServiceProvider();
        Assert.Contains("Endpoints is empty", Assert.Throws<OptionsValidationException>(wrong.GetRequiredService<GranaryClient>).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_of_a_call_are_checked()
    {
        await using var client = Clients.Of(null, new Uri("http://127.0.0.1:1"));
        Assert.Contains("'te'", Assert.Throws<ArgumentException>(() => client.With(new CallOptions { Headers = new Dictionary<string, string> { ["te"] = "x" } })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => client.With(new CallOptions { Deadline = TimeSpan.Zero }));
    }

    [Theory]
    [InlineData("00:00:00.0000001", "1m")]
    [InlineData("00:00:05", "5000m")]
    [InlineData("1.00:00:00", "86400000m")]
    [InlineData("7.00:00:00", "604800S")]
    public void Deadlines_are_written_in_8_digits(string time, string text) => Assert.Equal(text, GrpcTimeout.Format(TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public async Task A_call_is_a_span_that_the_server_continues_and_is_measured()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener { ShouldListenTo = s => s.Name == ClientTelemetry.ActivitySourceName, Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded, ActivityStopped = s => { lock (spans) spans.Add(s); } };
        ActivitySource.AddActivityListener(listener);
        var durations = new List<string>();
        using var meters = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "rpc.client.call.duration") l.EnableMeasurementEvents(i); } };
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            lock (durations) durations.Add(string.Join(' ', tags.ToArray().Select(t => t.Value)));
        });
        meters.Start();

        string? parent = null;
        await using var server = await ScriptedServer.StartAsync((context, _) =>
        {
            parent = context.Request.Headers.TraceParent;
            return ScriptedServer.EndAsync(context, 5);
        });
        await using var client = Clients.Of(null, server.Address);
        await Assert.ThrowsAsync<RpcException>(() => client.GetGrain<IProbeGrain>("a").Key());
        Activity span;
        lock (spans) span = spans.Single(s => s.GetTagItem("server.port") is int port && port == server.Address.Port);
        Assert.Equal("granary.tests.v1.Probe/Key", span.DisplayName);
        Assert.Equal(("NOT_FOUND", ActivityStatusCode.Error), (span.GetTagItem("rpc.response.status_code"), span.Status));
        Assert.Contains(span.TraceId.ToString(), parent, StringComparison.Ordinal);
        lock (durations) Assert.Contains("granary.tests.v1.Probe/Key NOT_FOUND", durations);
    }
}

