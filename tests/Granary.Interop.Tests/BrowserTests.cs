namespace Granary.Interop.Tests;

/// <summary>A page in headless Chromium with what browsers have: fetch, EventSource and WebSocket.</summary>
[Collection(InteropCollection.Name)]
public sealed class BrowserTests(Clients clients)
{
    [Theory]
    [InlineData("fetch_call")]
    [InlineData("fetch_error")]
    [InlineData("fetch_stream")]
    [InlineData("event_source")]
    [InlineData("socket_call")]
    [InlineData("socket_server_stream")]
    [InlineData("socket_client_stream")]
    [InlineData("socket_bidirectional")]
    [InlineData("socket_error")]
    [InlineData("socket_large_message")]
    [InlineData("socket_wrong_token")]
    [InlineData("socket_json_rpc")]
    public Task A_page_of_another_origin_succeeds(string name) => clients.RunAsync("browser.mjs", name);
}
