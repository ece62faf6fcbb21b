using System.Diagnostics;
using System.Net;

namespace Granary.Tests;

/// <summary>The first minute with Granary.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class FirstCallTests(DevelopmentHost host)
{
    [Fact]
    public async Task The_curl_line_it_prints_prints_56_when_pasted_into_a_shell()
    {
        var info = new ProcessStartInfo("bash", ["-c", host.Curl]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var shell = Process.Start(info)!;
        var printed = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.Equal("56", printed);
    }

    [Fact]
    public async Task The_token_it_prints_may_call_as_user_and_admin()
    {
        Assert.Equal("56", (await host.Address.MultiplyAsync(host.Token)).Body);
        Assert.Equal(HttpStatusCode.OK, (await host.Address.GetAsync("/admin/grains", host.Token)).Status);
    }

    [Fact]
    public async Task Without_a_token_only_what_is_open_answers()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Address.MultiplyAsync(null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.Address.GetAsync("/hello/ada")).Status);
        foreach (var path in (string[])["/healthz", "/readyz", "/openapi.json", "/docs", "/metrics"]) Assert.Equal(HttpStatusCode.OK, (await host.Address.GetAsync(path)).Status);
        foreach (var path in (string[])["/admin/cluster", "/admin/grains", "/admin/grains/calculator/a"]) Assert.Equal("UNAUTHENTICATED", (await host.Address.GetAsync(path)).Code);
    }

    [Fact]
    public async Task What_is_not_exposed_is_not_found()
    {
        foreach (var path in (string[])["/rpc/IManagementGrain/0/GetHosts", "/rpc/stockreservations/apple/Reserve", "/rpc/calculator/a/ToString", "/admin", "/admin/nothing"])
            Assert.Equal("NOT_FOUND", (await host.Address.AskAsync(HttpMethod.Post, path, host.Token, "{}")).Code);
    }
}
