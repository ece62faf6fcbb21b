using Granary.Rpc.Catalog;
using Granary.Schema;

namespace Granary.Gateway.Grpc.Health;

/// <summary><c>grpc.health.v1.Health</c> (https://github.com/grpc/grpc/blob/master/doc/health-checking.md): the host as a whole by the empty name, and each of its services by its own.</summary>
internal static class HealthService
{
    private const string Package = "grpc.health.v1";

    private static readonly EnumSchema s_status = new(Package, "ServingStatus", [new("Unknown", 0), new("Serving", 1), new("NotServing", 2), new("ServiceUnknown", 3)]);

    private static readonly MessageSchema s_request = new() { Package = Package, Name = "HealthCheckRequest", Fields = [new(1, "service", new SchemaType(SchemaKind.String))] };

    private static readonly MessageSchema s_reply = new() { Package = Package, Name = "HealthCheckResponse", Fields = [new(1, "status", new SchemaType(SchemaKind.Enum, Enum: s_status))] };

    public static RpcService Create(ReadyState ready, RpcCatalog catalog)
    {
        var names = catalog.Services.Select(s => s.FullName).Append("").ToHashSet(StringComparer.Ordinal);
        return new RpcService
        {
            Name = Package,
            Version = 1,
            Package = Package,
            ProtoName = "Health",
            InterfaceType = typeof(HealthService),
            Key = RpcKeyKind.Integer,
            Methods =
            [
                SystemServices.Method("Check", RpcMethodKind.Unary, s_request, s_reply, method => new HealthRequest(method, ready, names)),
                SystemServices.Method("Watch", RpcMethodKind.ServerStream, s_request, s_reply, method => new HealthRequest(method, ready, names)),
            ],
        };
    }
}
