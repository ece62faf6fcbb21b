using System.Net;
using Granary.Client.Calls;
using Granary.Client.Wire;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Client.Endpoints;

/// <summary>
/// Asks an endpoint by gRPC's health protocol (https://github.com/grpc/grpc/blob/master/doc/health-checking.md) whether it is well. One that answers, but does not serve that, is.
/// </summary>
internal static class HealthProbe
{
    private const int Serving = 1;
    private const int MostBytes = 1024;

    // HealthCheckRequest without a service: the server as a whole.
    private static readonly byte[] s_request = [0, 0, 0, 0, 0];

    public static async Task<bool> AskAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.Address, "/grpc.health.v1.Health/Check")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        var ended = new CancellationTokenSource();
        try
        {
            await using var exchange = await GrpcExchange.BeginAsync(endpoint, request, new GrpcContent(s_request, null, MostBytes, ended.Token), ended, MostBytes, cancellation);
            return await exchange.ReadAsync(cancellation) is { } message && Status(message.Span) == Serving;
        }
        catch (AttemptException failure)
        {
            // A status is an answer: of one that does not serve health, or wants a token first.
            return !failure.IsUnsent && failure.Error.Code is StatusCode.Unimplemented or StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.NotFound;
        }
    }

    private static int Status(ReadOnlySpan<byte> message)
    {
        var reader = new WireReader(message);
        var status = 0;
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == 8) status = reader.ReadInt32();
            else reader.Skip(tag);
        }

        return status;
    }
}
