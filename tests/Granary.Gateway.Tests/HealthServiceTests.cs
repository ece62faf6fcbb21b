using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.Gateway.Tests;

/// <summary>grpc.health.v1 and /readyz say the same, to anyone.</summary>
public sealed class HealthServiceTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private GrpcClient _client = null!;
    private volatile bool _isReady = true;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(services: services => services.AddHealthChecks().AddCheck("test", () => _isReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("told to"), [GatewayPipeline.ReadyTag]));
        _host.Log.Expect("Health check test");
        _client = new GrpcClient(_host) { Service = "grpc.health.v1.Health" };
        _client.Headers.Remove("authorization");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("granary.tests.v1.Probe")]
    [InlineData("granary.tests.v2.Probe")]
    public async Task A_service_is_as_ready_as_its_host(string service)
    {
        Assert.Equal(1, GrpcClient.Integer((await _client.CallAsync("Check", Asked(service))).Ok().Messages[0]));
        _isReady = false;
        await UntilAsync(async () => GrpcClient.Integer((await _client.CallAsync("Check", Asked(service))).Ok().Messages[0]) == 2);
        using var ready = await _host.Anonymous.GetAsync("/readyz");
        Assert.Equal(503, (int)ready.StatusCode);
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_not_found() => (await _client.CallAsync("Check", Asked("no.Such"))).Failed(StatusCode.NotFound, "no.Such");

    [Fact]
    public async Task Who_watches_sees_the_state_and_every_change()
    {
        var (response, _) = await _client.OpenAsync("Watch", GrpcClient.Frame(Asked("")), complete: true);
        using (response)
        {
            var stream = await response.Content.ReadAsStreamAsync();
            Assert.Equal(1, await StatusAsync(stream));
            _isReady = false;
            Assert.Equal(2, await StatusAsync(stream));
            _isReady = true;
            Assert.Equal(1, await StatusAsync(stream));
        }
    }

    [Fact]
    public async Task Who_watches_what_is_not_there_is_told_and_waits()
    {
        var (response, _) = await _client.OpenAsync("Watch", GrpcClient.Frame(Asked("no.Such")), complete: true);
        using (response) Assert.Equal(3, await StatusAsync(await response.Content.ReadAsStreamAsync()));
    }

    [Fact]
    public async Task Connect_answers_too()
    {
        using var content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        using var response = await _host.Anonymous.PostAsync("/grpc.health.v1.Health/Check", content);
        Assert.Equal("""{"status":"SERVING"}""", await response.Content.ReadAsStringAsync());
    }

    private static byte[] Asked(string service) => GrpcClient.Message((ref writer) =>
    {
        writer.WriteTag(10);
        writer.WriteString(service);
    });

    private static async Task<int> StatusAsync(Stream stream)
    {
        var frame = new byte[7];
        await stream.ReadExactlyAsync(frame).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        return frame[6];
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(20, bound.Token);
    }
}
