using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace Granary.Interop.Tests;

/// <summary>h2load (nghttp2), with ten thousand calls under way at a time. It counts answers by their HTTP status; what they hold is looked at once, before.</summary>
[Collection(InteropCollection.Name)]
public sealed class H2LoadTests(Clients clients)
{
    private const int Calls = 30_000;

    // By the protobuf encoding: key 7, a 40, b 2; and the result 42.
    private static readonly byte[] s_request = [0x08, 7, 0x10, 40, 0x18, 2];
    private static readonly byte[] s_reply = [0x08, 42];

    [Fact]
    public Task Thirty_thousand_calls_by_gRPC_are_answered() =>
        AnswerAsync("/granary.testing.v1.Testing/Add", "application/grpc", [0, 0, 0, 0, 6, .. s_request], [0, 0, 0, 0, 2, .. s_reply]);

    [Fact]
    public Task Thirty_thousand_calls_by_Connect_are_answered() => AnswerAsync("/granary.testing.v1.Testing/Add", "application/proto", s_request, s_reply);

    [Fact]
    public Task Thirty_thousand_calls_by_JSON_are_answered() => AnswerAsync("/rpc/testing/7/Add", "application/json", "{\"a\":40,\"b\":2}"u8.ToArray(), "42"u8.ToArray());

    private async Task AnswerAsync(string path, string contentType, byte[] body, byte[] answer)
    {
        var address = $"http://{clients.Host.Address}{path}";
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", clients.Host.Token);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using var first = await http.SendAsync(request);
        Assert.Equal(answer, await first.Content.ReadAsByteArrayAsync());

        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, body);
            string[] arguments = ["-n", $"{Calls}", "-c", "10", "-m", "1000", "-d", file, "-H", $"content-type: {contentType}", "-H", $"authorization: Bearer {clients.Host.Token}", address];
            using var load = Process.Start(new ProcessStartInfo("h2load", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
            var said = await load.StandardOutput.ReadToEndAsync();
            await load.WaitForExitAsync();
            Assert.True(said.Contains($"{Calls} succeeded, 0 failed, 0 errored, 0 timeout", StringComparison.Ordinal) && said.Contains($"status codes: {Calls} 2xx", StringComparison.Ordinal), said);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
