namespace Granary.Interop.Tests;

/// <summary>@grpc/grpc-js, with the published .proto and by reflection. The first fourteen cases are those of gRPC's interop test descriptions.</summary>
[Collection(InteropCollection.Name)]
public sealed class GrpcJsTests(Clients clients)
{
    [Theory]
    [InlineData("empty_unary")]
    [InlineData("large_unary")]
    [InlineData("client_streaming")]
    [InlineData("server_streaming")]
    [InlineData("ping_pong")]
    [InlineData("empty_stream")]
    [InlineData("cancel_after_begin")]
    [InlineData("cancel_after_first_response")]
    [InlineData("timeout_on_sleeping_server")]
    [InlineData("status_code_and_message")]
    [InlineData("special_status_message")]
    [InlineData("unimplemented_method")]
    [InlineData("unimplemented_service")]
    [InlineData("custom_metadata")]
    [InlineData("all_codes")]
    [InlineData("error_details")]
    [InlineData("error_in_stream")]
    [InlineData("everything")]
    [InlineData("gzip")]
    [InlineData("big_messages")]
    [InlineData("oversize")]
    [InlineData("deadline")]
    [InlineData("cancel")]
    [InlineData("many_streams")]
    [InlineData("unauthenticated")]
    [InlineData("idempotency_key")]
    [InlineData("health")]
    [InlineData("reflection_v1")]
    [InlineData("reflection_v1alpha")]
    public Task A_client_in_JavaScript_succeeds(string name) => clients.RunAsync("grpc.mjs", name);
}
