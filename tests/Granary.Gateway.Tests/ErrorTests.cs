using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

public sealed class ErrorTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public static TheoryData<StatusCode, int> Codes => new()
    {
        { StatusCode.Cancelled, 499 }, { StatusCode.Unknown, 500 }, { StatusCode.InvalidArgument, 400 }, { StatusCode.DeadlineExceeded, 504 }, { StatusCode.NotFound, 404 },
        { StatusCode.AlreadyExists, 409 }, { StatusCode.PermissionDenied, 403 }, { StatusCode.ResourceExhausted, 429 }, { StatusCode.FailedPrecondition, 400 }, { StatusCode.Aborted, 409 },
        { StatusCode.OutOfRange, 400 }, { StatusCode.Unimplemented, 501 }, { StatusCode.Internal, 500 }, { StatusCode.Unavailable, 503 }, { StatusCode.DataLoss, 500 }, { StatusCode.Unauthenticated, 401 },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task Each_code_has_its_status_and_its_name(StatusCode code, int status)
    {
        var problem = await FailAsync(code.ToString()).ProblemAsync(status, RpcStatus.Name(code));
        Assert.Equal("told to: " + code, problem.Detail);
    }

    [Fact]
    public async Task A_grains_violations_and_retry_time_reach_the_caller()
    {
        var invalid = await FailAsync("InvalidArgument").ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal([("how", "do not ask for this")], invalid.Errors);
        var unavailable = await FailAsync("Unavailable").ProblemAsync(503, "UNAVAILABLE");
        Assert.Equal(TimeSpan.FromSeconds(7), unavailable.Response.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("bug", 500, "INTERNAL")]
    [InlineData("timeout", 504, "DEADLINE_EXCEEDED")]
    [InlineData("cancelled", 499, "CANCELLED")]
    public async Task What_an_exception_says_stays_inside_but_for_the_log(string how, int status, string code)
    {
        _host.Log.Expect("hunter2");
        var problem = await FailAsync(how).ProblemAsync(status, code);
        foreach (var secret in new[] { "hunter2", "secret", "Exception", "   at ", "Granary." }) Assert.DoesNotContain(secret, problem.Text, StringComparison.Ordinal);
        if (code == "INTERNAL") Assert.Contains(_host.Log.Expected, entry => entry.Contains(problem.TraceId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_callers_trace_goes_on()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/WhoAmI");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        using var response = await _host.Client.SendAsync(request);
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", Assert.Single(response.Headers.GetValues("traceparent")), StringComparison.Ordinal);
        Assert.Contains("\"granary.trace\":\"0af7651916cd43dd8448eb211c80319c\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_answer_names_its_trace()
    {
        using var response = await _host.PostAsync("/rpc/probe/a/Multiply", """{"a":1}""");
        var trace = Assert.Single(response.Headers.GetValues("traceparent"));
        Assert.Contains(trace.Split('-')[1], await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> FailAsync(string how) => _host.PostAsync("/rpc/probe/a/Fail", $$"""{"how":"{{how}}"}""");
}
