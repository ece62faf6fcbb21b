using Granary.Gateway.Audit;
using Granary.Gateway.Blocking;
using Granary.Gateway.Contracts;
using Granary.Gateway.Deprecation;
using Granary.Gateway.Framing;
using Granary.Gateway.Grpc;
using Granary.Gateway.Grpc.Health;
using Granary.Gateway.Headers;
using Granary.Gateway.Hedging;
using Granary.Gateway.Idempotency;
using Granary.Gateway.JsonRpc;
using Granary.Gateway.Listening;
using Granary.Gateway.Resilience;
using Granary.Gateway.Retries;
using Granary.Gateway.Sharing;
using Granary.Gateway.Shedding;
using Granary.Gateway.Tls;
using Granary.Gateway.WebSockets;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway;

/// <summary>Adds the gateway to a host.</summary>
public static class GatewayServices
{
    /// <summary>Adds the gateway, set up by a configuration section (by convention <c>Granary</c>). The host adds what provides <c>IGrainFactory</c>.</summary>
    public static IServiceCollection AddGranaryGateway(this IServiceCollection services, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<GatewayOptions>().Bind(section);
        return services.AddGateway(section.Path);
    }

    /// <summary>Adds the gateway, set up by code. The host adds what provides <c>IGrainFactory</c>.</summary>
    public static IServiceCollection AddGranaryGateway(this IServiceCollection services, Action<GatewayOptions> configure)
    {
        services.AddOptions<GatewayOptions>().Configure(configure);
        return services.AddGateway("Granary");
    }

    private static IServiceCollection AddGateway(this IServiceCollection services, string path)
    {
        services.AddOptions<GatewayOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>>(new GatewayOptionsValidation(path));
        services.TryAddSingleton<IOptionsMonitor<GatewayOptions>, CheckedReload>();
        services.AddMetrics();
        services.AddHealthChecks().AddCheck<ListsHealth>("lists", tags: [GatewayPipeline.ReadyTag]);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => RpcCatalog.FromLoadedAssemblies());
        services.TryAddSingleton(s => new TokenIssuer(s.GetRequiredService<IOptions<GatewayOptions>>().Value.Authentication, s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ISharedTables, LocalTables>();
        services.TryAddSingleton<IAuditStore, LocalAuditStore>();
        services.TryAddSingleton<IAuditLog, AuditLog>();
        services.TryAddSingleton<TokenAuthenticator>();
        services.TryAddSingleton<ApiKeys>();
        services.TryAddSingleton<CertificateCallers>();
        services.TryAddSingleton<Revocations>();
        services.TryAddSingleton<BlockList>();
        services.TryAddSingleton<CallerGate>();
        services.TryAddSingleton<FailedAttempts>();
        services.TryAddSingleton<CallerAuthenticator>();
        services.TryAddSingleton<LiveCallers>();
        services.TryAddSingleton(s => new OpenRequests(s.GetRequiredService<CallerAuthenticator>(), s.GetRequiredService<LiveCallers>(), s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<AuthorizationRules>();
        services.TryAddSingleton<RateLimiter>();
        services.TryAddSingleton<SharedRateLimits>();
        services.TryAddSingleton(s => new Breakers(s.GetRequiredService<RpcCatalog>(), s.GetRequiredService<IOptions<GatewayOptions>>().Value, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<GatewayInstruments>(), s.GetRequiredService<ILogger<Breakers>>()));
        services.AddHostedService(s => s.GetRequiredService<SharedRateLimits>());
        services.TryAddSingleton<EdgeTls>();
        services.TryAddSingleton<HttpsOnly>();
        services.TryAddSingleton<SecurityHeaders>();
        services.TryAddSingleton<Http3>();
        services.AddHostedService<CertificateWatch>();
        services.TryAddSingleton<CallContext>();
        services.TryAddSingleton<GatewayInstruments>();
        services.TryAddSingleton(s => new GatewayStatistics(s.GetRequiredService<GatewayInstruments>(), s.GetRequiredService<Breakers>(), s.GetRequiredService<RateLimiter>(), s.GetRequiredService<SharedRateLimits>()));
        services.TryAddSingleton<HttpRouteTable>();
        services.TryAddSingleton<JsonRpcMethods>();
        services.TryAddSingleton<JsonRpcDispatcher>();
        services.TryAddSingleton<WebSocketAdmission>();
        services.TryAddSingleton<RpcPipeline>();
        services.TryAddSingleton<CallServices>();
        services.TryAddSingleton<ReadyState>();
        services.TryAddSingleton<SystemServices>();
        services.TryAddSingleton<RpcAddresses>();
        services.TryAddSingleton<OpenApiDocument>();
        services.TryAddSingleton<ProtoFiles>();
        services.AddSingleton<IRpcFilter, TelemetryFilter>();
        services.AddSingleton<IRpcFilter, DeprecationFilter>();
        services.AddSingleton<IRpcFilter, AuthenticationFilter>();
        services.AddSingleton<IRpcFilter, AuthorizationFilter>();
        services.AddSingleton<IRpcFilter, KeyAuthorizationFilter>();
        services.AddSingleton<IRpcFilter, RateLimitFilter>();
        services.AddSingleton<IRpcFilter, DeadlineFilter>();
        services.AddSingleton<IRpcFilter, SheddingFilter>();
        services.AddSingleton<IRpcFilter, BulkheadFilter>();
        services.AddSingleton<IRpcFilter, ExchangeFilter>();
        services.TryAddSingleton<IIdempotencyStore, LocalIdempotencyStore>();
        services.AddSingleton<IdempotencyFilter>();
        services.AddSingleton<IRpcFilter>(provider => provider.GetRequiredService<IdempotencyFilter>());
        services.AddHostedService(provider => provider.GetRequiredService<IdempotencyFilter>());
        services.AddSingleton<IRpcFilter, RetryFilter>();
        services.AddSingleton<IRpcFilter, BreakerFilter>();
        services.TryAddSingleton<HedgedCalls>();
        services.AddSingleton<IRpcFilter, InvocationFilter>();
        services.AddSingleton<PassThrough>();

        // The host's own endpoints too: nothing is open unless it says so.
        services.AddRouting();
        services.AddCors();
        services.AddAuthentication(BearerHandler.SchemeName).AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.SchemeName, null);
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        return services;
    }
}
