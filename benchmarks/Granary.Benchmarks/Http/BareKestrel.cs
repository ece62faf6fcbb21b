using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Benchmarks.Http;

/// <summary>
/// What the HTTP benchmark compares with: Kestrel with nothing between it and one function, which parses the same JSON and writes the same JSON with System.Text.Json's generated code.
/// No routing, no authentication, no limits, no telemetry, no logging.
/// </summary>
internal static class BareKestrel
{
    internal const string Role = "--bare-kestrel";

    internal static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        await using var app = builder.Build();
        app.Run(MultiplyAsync);
        await app.RunAsync();
    }

    private static async Task MultiplyAsync(HttpContext context)
    {
        var body = context.Request.BodyReader;
        ReadResult read;
        while (!(read = await body.ReadAsync()).IsCompleted) body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        var factors = Parse(read.Buffer);
        body.AdvanceTo(read.Buffer.End);

        var result = new ArrayBufferWriter<byte>(32);
        using (var json = new Utf8JsonWriter(result)) JsonSerializer.Serialize(json, factors.A * factors.B, BareJson.Default.Double);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = result.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(result.WrittenMemory);
    }

    private static Factors Parse(ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        return JsonSerializer.Deserialize(ref reader, BareJson.Default.Factors);
    }
}

/// <summary>The arguments of <c>Multiply</c>.</summary>
internal readonly record struct Factors(double A, double B);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Factors))]
[JsonSerializable(typeof(double))]
internal sealed partial class BareJson : JsonSerializerContext;
