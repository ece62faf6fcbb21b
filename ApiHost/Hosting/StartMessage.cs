using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Granary.ApiHost.Hosting;

/// <summary>
/// What a developer needs for the first call, printed once the host serves: the address, a line that is only a token, and a curl line that uses it.
/// Nothing of it is printed outside Development.
/// </summary>
internal static class StartMessage
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(12);
    private static readonly string[] s_roles = ["guest", "user", "admin"];

    /// <summary>Prints it when the host has started.</summary>
    internal static void PrintStartMessage(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment()) return;
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var address = Address(app.Services.GetRequiredService<IServer>());
            if (address is not null) Console.Out.Write(Text(address, Token(app.Services)));
        });
    }

    /// <param name="address">The first address that is served, as a browser on this machine would write it.</param>
    /// <param name="token">Null when tokens come from an authority.</param>
    internal static string Text(string address, string? token)
    {
        if (token is null) return $"Granary serves {address} (try {address}/docs). Tokens come from the configured authority.\n";
        return $$"""
            Granary serves {{address}} (try {{address}}/docs).
            This token may do everything; it is good for 12 hours and this run only:
            {{token}}
            The first call, which prints 56:
            curl -s -H "Authorization: Bearer {{token}}" -H "Content-Type: application/json" -d '{"a":7,"b":8}' {{address}}/rpc/calculator/a/Multiply

            """;
    }

    private static string? Token(IServiceProvider services) =>
        services.GetRequiredService<DevelopmentTokens>().Issuer?.Issue("developer", s_roles, s_lifetime);

    private static string? Address(IServer server)
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return address is null ? null : Local(address);
    }

    /// <summary>An address of "every interface" as one that can be called: <c>http://[::]:8080</c> is <c>http://localhost:8080</c>.</summary>
    internal static string Local(string address)
    {
        var binding = BindingAddress.Parse(address);
        var host = binding.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : binding.Host;
        return $"{binding.Scheme}://{host}:{binding.Port}";
    }
}
