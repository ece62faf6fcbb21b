using System.Net;
using System.Net.Http.Headers;
using Granary.Deploy.Tests.Support;

namespace Granary.Deploy.Tests;

/// <summary>An ApiHost of <c>docker-compose.yml</c> that is told to stop while calls come, as in every rolling update.</summary>
public sealed class StopTests(Topology topology) : IClassFixture<Topology>
{
    [Fact]
    public async Task When_one_of_two_ApiHosts_stops_no_call_through_the_balancer_fails()
    {
        var token = await topology.TokenAsync("user");
        using var stop = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 4).Select(i => CallAsync(i % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, token, stop.Token)).ToList();
        topology.ApiHosts[0].Terminate();
        Assert.Equal(0, await topology.ApiHosts[0].ExitAsync());
        await stop.CancelAsync();
        foreach (var calls in await Task.WhenAll(callers)) Assert.True(calls > 0);
    }

    private async Task<int> CallAsync(Version version, string token, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = topology.Address, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var calls = 0;
        for (; !stop.IsCancellationRequested; calls++)
        {
            using var answer = await http.GetAsync(new Uri("/rpc/calculator/a/Multiply?a=7&b=8", UriKind.Relative), CancellationToken.None);
            Assert.Equal((HttpStatusCode.OK, "56"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(CancellationToken.None)));

            // Not faster than the rate limit allows.
            await Task.Delay(20, CancellationToken.None);
        }

        return calls;
    }
}
