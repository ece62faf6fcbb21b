using System.IO.Compression;
using System.Text.Json;
using Granary.Gateway.Contracts;
using Granary.Gateway.Http;
using Granary.Gateway.Tests.Support;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>The <c>.proto</c> files as they are downloaded.</summary>
public sealed class ProtoTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task The_list_names_every_service_and_its_links_lead_to_its_text()
    {
        using var list = JsonDocument.Parse(await _host.Anonymous.GetAsync("/proto").OkAsync());
        var services = list.RootElement.GetProperty("services").EnumerateArray().ToList();
        Assert.Equal(_host.Services.GetRequiredService<RpcCatalog>().Services.Select(s => s.FullName), services.Select(s => s.GetProperty("fullName").GetString()!));
        foreach (var service in services)
        {
            var text = await _host.Anonymous.GetAsync(service.GetProperty("url").GetString()).OkAsync();
            var fullName = service.GetProperty("fullName").GetString()!;
            Assert.Contains($"package {service.GetProperty("package").GetString()};", text, StringComparison.Ordinal);
            Assert.Contains($"service {fullName[(fullName.LastIndexOf('.') + 1)..]} {{", text, StringComparison.Ordinal);
            Assert.Equal(text, await _host.Anonymous.GetAsync("/proto/" + service.GetProperty("file").GetString()).OkAsync());
        }

        foreach (var file in list.RootElement.GetProperty("files").EnumerateArray())
            Assert.Contains("syntax = \"proto3\";", await _host.Anonymous.GetAsync(file.GetProperty("url").GetString()).OkAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_named_as_for_calls()
    {
        var one = await _host.Anonymous.GetAsync("/proto/probe.proto").OkAsync();
        var two = await _host.Anonymous.GetAsync("/v2/proto/probe.proto").OkAsync();
        Assert.Contains("package granary.tests.v1;", one, StringComparison.Ordinal);
        Assert.Contains("rpc OnlyInTwo(", two, StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/proto/probe.proto");
        request.Headers.Add("Api-Version", "2");
        Assert.Equal(two, await _host.Anonymous.SendAsync(request).OkAsync());
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        var problem = await _host.Anonymous.GetAsync("/proto/nobody.proto").ProblemAsync(404, "NOT_FOUND");
        Assert.Contains("/proto lists them", problem.Detail, StringComparison.Ordinal);
        await _host.Anonymous.GetAsync("/v7/proto/probe.proto").ProblemAsync(404, "NOT_FOUND");
        await _host.Anonymous.GetAsync("/proto/..%2f..%2fetc%2fpasswd").ProblemAsync(404, "NOT_FOUND");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/proto/probe.proto");
        request.Headers.Add("Api-Version", "two");
        Assert.Contains("'two'", (await _host.Anonymous.SendAsync(request).ProblemAsync(400, "INVALID_ARGUMENT")).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_of_them_come_in_one_archive()
    {
        using var zip = new ZipArchive(await _host.Anonymous.GetStreamAsync("/proto.zip"));
        Assert.Equal(_host.Services.GetRequiredService<ProtoFiles>().Files.Keys.Order(StringComparer.Ordinal), zip.Entries.Select(e => e.FullName));
        Assert.Equal(_host.Services.GetRequiredService<ProtoFiles>().DescriptorSet.ToArray(), await _host.Anonymous.GetByteArrayAsync("/proto.binpb"));
    }

    [Fact]
    public async Task A_host_that_publishes_no_contract_publishes_no_files()
    {
        await using var host = await GatewayHost.StartAsync(o => o.OpenApi.Enabled = false);
        foreach (var path in (string[])["/proto", "/proto/probe.proto", "/v2/proto/probe.proto", "/proto.zip", "/proto.binpb"]) await host.Anonymous.GetAsync(path).ProblemAsync(404, "NOT_FOUND");
    }

    [Fact]
    public void Routes_and_files_have_the_same_methods()
    {
        var files = _host.Services.GetRequiredService<ProtoFiles>();
        var routed = _host.Services.GetRequiredService<HttpRouteTable>().Routes.Select(r => $"{r.Method.Service.FullName}.{r.Method.Name}").Distinct().ToList();
        var printed = files.Files.Values.Sum(text => text.Split("\n  rpc ").Length - 1);
        Assert.Equal(routed.Count, printed);
        Assert.All(routed, method => Assert.NotNull(files.FindSymbol(method)));
    }
}
