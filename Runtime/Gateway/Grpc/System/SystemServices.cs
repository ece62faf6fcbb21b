using Granary.Gateway.Contracts;
using Granary.Gateway.Grpc.Health;
using Granary.Gateway.Grpc.Reflection;
using Granary.Rpc.Catalog;
using Granary.Schema;
using Microsoft.Extensions.Options;
using Orleans;

namespace Granary.Gateway.Grpc;

/// <summary>
/// The services that every gRPC server has beside its own: health, and reflection where the contract is published at all. They take the way of any call but for who may call and how often: anyone, as of
/// <c>/readyz</c> and <c>/openapi.json</c>.
/// </summary>
internal sealed class SystemServices
{
    public SystemServices(RpcCatalog catalog, ProtoFiles files, ReadyState ready, IOptions<GatewayOptions> options, IGrainFactory grains, IEnumerable<IRpcFilter> filters)
    {
        List<RpcService> services = [HealthService.Create(ready, catalog)];
        if (options.Value.OpenApi.Enabled)
        {
            // Reflection tells of itself as well.
            ProtoFiles? own = null;
            foreach (var version in new[] { "v1", "v1alpha" }) services.Add(ReflectionService.Create(version, () => [files, own!]));
            own = new ProtoFiles(new RpcCatalog(services));
        }

        Catalog = new RpcCatalog(services);
        Pipeline = new RpcPipeline(Catalog, [.. filters.Where(f => f.Order is RpcStage.Deadline or RpcStage.Exchange), new Invocation(grains)]);
    }

    public RpcCatalog Catalog { get; }

    public RpcPipeline Pipeline { get; }

    /// <summary>A method of such a service.</summary>
    public static RpcMethod Method(string name, RpcMethodKind kind, MessageSchema request, MessageSchema reply, Func<RpcMethod, RpcRequest> create)
    {
        RpcMethod method = null!;
        method = new RpcMethod
        {
            Name = name,
            Kind = kind,
            Request = request,
            Reply = reply,
            Result = new SchemaType(SchemaKind.Message, () => reply),
            CreateRequest = () => create(method),
            Access = new RpcAccess { Anonymous = true },
            IsReadOnly = true,
        };
        return method;
    }

    private sealed class Invocation(IGrainFactory grains) : IRpcFilter
    {
        public int Order => RpcStage.Invoke;

        public bool Supports(RpcMethod method) => true;

        public ValueTask InvokeAsync(RpcCall call, RpcNext next) => call.Request.InvokeAsync(grains, call.Cancellation);
    }
}
