using System.Text;
using Granary.Codec;
using Granary.Gateway.Contracts;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

/// <summary>What reflection tells is what is published. Foreign clients that use it are in Granary.Interop.Tests.</summary>
public sealed class ReflectionServiceTests
{
    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task The_services_are_listed_and_each_leads_to_its_file(string version)
    {
        await using var host = await GatewayHost.StartAsync();
        var files = host.Services.GetRequiredService<ProtoFiles>();
        var client = Client(host, version);
        var list = Encoding.UTF8.GetString(Assert.Single((await client.CallAsync("ServerReflectionInfo", Ask(7, ""))).Ok().Messages));
        foreach (var service in files.Services.Append("grpc.health.v1.Health").Append("grpc.reflection.v1.ServerReflection")) Assert.Contains(service, list, StringComparison.Ordinal);

        var answer = (await client.CallAsync("ServerReflectionInfo", Ask(4, "granary.tests.v1.Probe.Multiply"))).Ok().Messages[0];
        var descriptor = files.FindSymbol("granary.tests.v1.Probe")!;
        Assert.True(answer.AsSpan().IndexOf(descriptor.Bytes.Span) > 0);
        foreach (var dependency in descriptor.Dependencies) Assert.True(answer.AsSpan().IndexOf(files.Descriptors[dependency].Bytes.Span) > 0, dependency);
        Assert.True((await client.CallAsync("ServerReflectionInfo", Ask(3, descriptor.Name))).Ok().Messages[0].AsSpan().IndexOf(descriptor.Bytes.Span) > 0);
    }

    [Fact]
    public async Task Questions_of_one_stream_are_answered_one_by_one_with_the_question()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = (await Client(host, "v1").CallAsync("ServerReflectionInfo", Ask(4, "no.Such"), Ask(3, "no.proto"), Ask(6, "granary.tests.v1.MultiplyRequest"), Ask(6, "no.Type"), Ask(7, ""), [])).Ok();
        Assert.Equal(6, answer.Messages.Count);
        Assert.Equal([5, 5, 0, 5, 0, 3], answer.Messages.Select(ErrorOf));
        Assert.Contains("no.Such", Encoding.UTF8.GetString(answer.Messages[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_contract_is_not_published_there_is_no_reflection()
    {
        await using var host = await GatewayHost.StartAsync(options => options.OpenApi.Enabled = false);
        (await Client(host, "v1").CallAsync("ServerReflectionInfo", Ask(7, ""))).Failed(StatusCode.Unimplemented);
    }

    private static GrpcClient Client(GatewayHost host, string version)
    {
        var client = new GrpcClient(host) { Service = $"grpc.reflection.{version}.ServerReflection" };
        client.Headers.Remove("authorization");
        return client;
    }

    private static byte[] Ask(int field, string subject) => GrpcClient.Message((ref writer) =>
    {
        writer.WriteTag((uint)((field << 3) | 2));
        writer.WriteString(subject);
    });

    private static int ErrorOf(byte[] message)
    {
        var reader = new WireReader(message);
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag != ((7 << 3) | 2))
            {
                reader.Skip(tag);
                continue;
            }

            reader.EnterMessage();
            Assert.Equal(8u, reader.ReadTag());
            return reader.ReadInt32();
        }

        return 0;
    }
}
