using System.Text.Json;
using Granary.Gateway.Http;
using Granary.Gateway.Tests.Support;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

public sealed class OpenApiTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Routes_openapi_and_catalog_are_the_same()
    {
        using var document = await ReadAsync();
        var described = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(verb => $"{verb.Name.ToUpperInvariant()} {path.Name}")).Order(StringComparer.Ordinal);
        var served = _host.Services.GetRequiredService<HttpRouteTable>().Routes.Select(r => r.ToString()).Order(StringComparer.Ordinal);
        var methods = _host.Services.GetRequiredService<RpcCatalog>().Services.SelectMany(s => s.Methods).ToList();
        var fromCatalog = methods.SelectMany(m =>
        {
            var path = $"{(m.Service.Version == 1 ? "" : "/v" + m.Service.Version)}/rpc/{m.Service.Name}/{{key}}/{m.Name}";
            var readable = m.IsReadOnly && m.Kind is RpcMethodKind.Unary or RpcMethodKind.ServerStream && m.IsReadOnly;
            return new[] { "POST " + path, readable ? "GET " + path : null, m.Http is null ? null : $"{m.Http.Verb} {m.Http.Path}" };
        }).OfType<string>().Order(StringComparer.Ordinal).ToList();
        Assert.Equal(fromCatalog, served);
        Assert.Equal(fromCatalog, described);
        Assert.DoesNotContain(fromCatalog, route => route.Contains("Secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_route_that_is_described_answers()
    {
        foreach (var route in _host.Services.GetRequiredService<HttpRouteTable>().Routes)
        {
            var path = route.Template.Replace("{key}", route.Method.Service.Key == RpcKeyKind.Guid ? Guid.NewGuid().ToString() : "1", StringComparison.Ordinal).Replace("{part}", "1", StringComparison.Ordinal);
            using var request = new HttpRequestMessage(new HttpMethod(route.Verb), path);
            request.Headers.Add("Request-Timeout", "not a time");
            using var response = await _host.Client.SendAsync(request);

            // All the way to the deadline stage, or refused by a stage before it: but found.
            Assert.True((int)response.StatusCode is 400 or 403, $"{route}: {(int)response.StatusCode}");
        }
    }

    [Fact]
    public async Task The_document_holds_together()
    {
        using var document = await ReadAsync();
        Assert.Equal("3.1.0", document.RootElement.GetProperty("openapi").GetString());
        var schemas = document.RootElement.GetProperty("components").GetProperty("schemas");
        var operations = new HashSet<string>(StringComparer.Ordinal);
        Walk(document.RootElement);
        var parcel = schemas.EnumerateObject().Single(s => s.Name.EndsWith(".Parcel", StringComparison.Ordinal)).Value;
        Assert.Equal(["to"], parcel.GetProperty("required").EnumerateArray().Select(r => r.GetString()!));
        Assert.Equal("array", parcel.GetProperty("properties").GetProperty("inner").GetProperty("type").GetString());

        void Walk(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    Assert.Equal(element.EnumerateObject().Count(), element.EnumerateObject().Select(p => p.Name).Distinct(StringComparer.Ordinal).Count());
                    if (element.TryGetProperty("$ref", out var reference)) Assert.True(schemas.TryGetProperty(reference.GetString()!["#/components/schemas/".Length..], out _), reference.GetString());
                    if (element.TryGetProperty("operationId", out var operation)) Assert.True(operations.Add(operation.GetString()!), operation.GetString());
                    foreach (var property in element.EnumerateObject()) Walk(property.Value);
                    break;
                case JsonValueKind.Array:
                    foreach (var item in element.EnumerateArray()) Walk(item);
                    break;
            }
        }
    }

    [Fact]
    public async Task Operations_say_what_they_take_and_who_may_call_them()
    {
        using var document = await ReadAsync();
        var paths = document.RootElement.GetProperty("paths");
        var multiply = paths.GetProperty("/rpc/probe/{key}/Multiply").GetProperty("post");
        Assert.Equal("A product.", multiply.GetProperty("summary").GetString());
        var body = multiply.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Equal(["a", "b"], body.GetProperty("required").EnumerateArray().Select(r => r.GetString()!));
        Assert.Equal("number", body.GetProperty("properties").GetProperty("a").GetProperty("type").GetString());

        Assert.Contains("Idempotency-Key", paths.GetProperty("/rpc/probe/{key}/Multiply").GetProperty("post").GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        Assert.DoesNotContain("Idempotency-Key", paths.GetProperty("/rpc/probe/{key}/Add").GetProperty("post").GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        var add = paths.GetProperty("/rpc/probe/{key}/Add").GetProperty("get").GetProperty("parameters").EnumerateArray().ToDictionary(p => p.GetProperty("name").GetString()!, p => p);
        Assert.Equal("path", add["key"].GetProperty("in").GetString());
        Assert.True(add["a"].GetProperty("required").GetBoolean());
        Assert.False(add["b"].TryGetProperty("required", out _));
        Assert.Equal(5, add["b"].GetProperty("schema").GetProperty("default").GetInt64());

        Assert.Equal(2, paths.GetProperty("/rpc/probe/{key}/Open").GetProperty("get").GetProperty("security").GetArrayLength());
        Assert.Contains("admin, operator", paths.GetProperty("/rpc/probe/{key}/ForAdmins").GetProperty("post").GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.True(paths.GetProperty("/rpc/probe/{key}/Old").GetProperty("post").GetProperty("deprecated").GetBoolean());
        Assert.Equal("number", paths.GetProperty("/rpc/probe/{key}/Sum").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/x-ndjson").GetProperty("schema").GetProperty("type").GetString());
        Assert.True(paths.GetProperty("/parcels").GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties").TryGetProperty("name", out _));
    }

    private async Task<JsonDocument> ReadAsync() => JsonDocument.Parse(await _host.Anonymous.GetAsync("/openapi.json").OkAsync());
}
