namespace Granary.Interop.Tests;

/// <summary>jayson, by POST and on a WebSocket.</summary>
[Collection(InteropCollection.Name)]
public sealed class JaysonTests(Clients clients)
{
    [Theory]
    [InlineData("call")]
    [InlineData("errors")]
    [InlineData("batch")]
    [InlineData("notification")]
    [InlineData("many")]
    [InlineData("values")]
    public async Task A_client_of_JSON_RPC_succeeds(string name)
    {
        await clients.RunAsync("jsonrpc.mjs", "post:" + name);
        await clients.RunAsync("jsonrpc.mjs", "socket:" + name);
    }
}
