namespace Granary.Interop.Tests;

/// <summary>@connectrpc/connect-node with its three protocols: Connect, gRPC and gRPC-Web.</summary>
[Collection(InteropCollection.Name)]
public sealed class ConnectNodeTests(Clients clients)
{
    private static readonly string[] s_cases = ["unary", "metadata", "everything", "errors", "unauthenticated", "deadline", "server_streaming", "error_in_stream", "client_streaming", "cancel", "empty_stream"];

    // Over HTTP/1.1 a client does not read while it still sends.
    private static readonly string[] s_overHttp2 = ["connect-json", "connect-proto", "connect-gzip", "grpc", "grpc-gzip", "grpc-web-http2"];
    private static readonly string[] s_overHttp1 = ["connect-json-http1", "connect-get", "grpc-web"];

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var transport in s_overHttp2.Concat(s_overHttp1))
        {
            foreach (var name in s_cases) data.Add(transport, name);
        }

        foreach (var transport in s_overHttp2) data.Add(transport, "ping_pong");
        data.Add("connect-get", "get");
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public Task A_client_of_Connect_succeeds(string transport, string name) => clients.RunAsync("connect.mjs", $"{transport}:{name}");
}
