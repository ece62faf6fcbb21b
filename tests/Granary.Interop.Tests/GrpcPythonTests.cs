namespace Granary.Interop.Tests;

/// <summary>Debian's python3-grpcio, which is gRPC's C core, with the published descriptors.</summary>
[Collection(InteropCollection.Name)]
public sealed class GrpcPythonTests(Clients clients)
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
    [InlineData("gzip")]
    [InlineData("big_messages")]
    [InlineData("oversize")]
    [InlineData("deadline")]
    [InlineData("cancel")]
    [InlineData("back_pressure")]
    [InlineData("many_streams")]
    [InlineData("unauthenticated")]
    [InlineData("health")]
    public Task A_client_in_Python_succeeds(string name) => clients.RunAsync("grpc_python.py", name);
}
