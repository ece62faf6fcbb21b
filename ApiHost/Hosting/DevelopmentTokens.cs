using Granary.Gateway;
using Granary.Gateway.Authentication;
using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Hosting;

/// <summary>Issues tokens on a developer's machine, and nowhere else.</summary>
public sealed class DevelopmentTokens(IHostEnvironment environment, IOptions<GatewayOptions> options, IServiceProvider services)
{
    private readonly Lazy<TokenIssuer?> _issuer = new(() =>
        environment.IsDevelopment() && !string.IsNullOrEmpty(options.Value.Authentication.Key) ? services.GetRequiredService<TokenIssuer>() : null);

    /// <summary>Null outside Development, and when an authority signs the tokens.</summary>
    internal TokenIssuer? Issuer => _issuer.Value;
}
