using Granary.Gateway.Deadlines;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class DeadlineTests
{
    [Theory]
    [InlineData("0.05")]
    [InlineData("50ms")]
    [InlineData("0.05s")]
    public async Task The_callers_time_ends_the_call_and_the_grains_token(string timeout)
    {
        await using var host = await GatewayHost.StartAsync();
        await WaitAsync(host, "Wait", timeout).ProblemAsync(504, "DEADLINE_EXCEEDED");
        await host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("1h")]
    [InlineData("")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    public async Task A_time_that_is_none_is_400(string timeout)
    {
        await using var host = await GatewayHost.StartAsync();
        var problem = await WaitAsync(host, "Wait", timeout).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal("Request-Timeout", Assert.Single(problem.Errors).Field);
        Assert.Contains("500ms", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_methods_own_time_holds_when_the_caller_names_none()
    {
        await using var host = await GatewayHost.StartAsync();
        await WaitAsync(host, "WaitBriefly", null).ProblemAsync(504, "DEADLINE_EXCEEDED");
    }

    [Fact]
    public async Task The_default_holds_when_nobody_names_a_time()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Deadlines.Default = TimeSpan.FromMilliseconds(50));
        await WaitAsync(host, "Wait", null).ProblemAsync(504, "DEADLINE_EXCEEDED");
    }

    [Fact]
    public async Task The_maximum_cuts_what_callers_ask_for()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Deadlines.Maximum = TimeSpan.FromMilliseconds(60);
            options.Deadlines.Default = TimeSpan.FromMilliseconds(60);
        });
        await WaitAsync(host, "Wait", "1000").ProblemAsync(504, "DEADLINE_EXCEEDED");
        Assert.InRange(host.Grains.Remaining!.Value, TimeSpan.Zero, TimeSpan.FromMilliseconds(60));
    }

    [Fact]
    public async Task The_grain_sees_what_is_left()
    {
        await using var host = await GatewayHost.StartAsync();
        var call = WaitAsync(host, "Wait", "45");
        await host.Grains.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(host.Grains.Remaining!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(45));
        host.Client.CancelPendingRequests();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task A_deadline_ends_a_stream_with_an_error_event()
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Live");
        request.Headers.Add("Request-Timeout", "1500ms");
        request.Headers.Add("Accept", "text/event-stream");
        await host.Grains.Live.Writer.WriteAsync(new Parcel { To = "x" });
        var text = await host.Client.SendAsync(request).OkAsync();
        Assert.Contains("event: error\ndata: {\"error\":", text, StringComparison.Ordinal);
        Assert.Contains("DEADLINE_EXCEEDED", text, StringComparison.Ordinal);
        await host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("1", 1000)]
    [InlineData("2.5", 2500)]
    [InlineData("500ms", 500)]
    [InlineData("3s", 3000)]
    [InlineData("2m", 120000)]
    [InlineData("0.0001", 1)]
    public void Times_are_seconds_unless_they_name_a_unit(string text, int milliseconds)
    {
        Assert.True(TimeoutText.TryParse(text, out var time));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), time);
    }

    private static Task<HttpResponseMessage> WaitAsync(GatewayHost host, string method, string? timeout)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/" + method);
        if (timeout is not null) request.Headers.TryAddWithoutValidation("Request-Timeout", timeout);
        return host.Client.SendAsync(request);
    }
}
