using Granary.ApiHost.Dashboard;
using Granary.Hosting.Cluster;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Granary.ApiHost.Hosting;

/// <summary>
/// What a developer needs for the first call, printed once the host serves: the address, a line that is only a token, the dashboard's address with it, and a curl line that uses it.
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
            if (address is not null) Console.Out.Write(Text(address, Token(app.Services), DashboardPage.IsBuilt));
        });
    }

    /// <param name="address">The first address that is served, as a browser on this machine would write it.</param>
    /// <param name="token">Null when tokens come from an authority.</param>
    /// <param name="hasDashboard">Whether this build has the dashboard's page.</param>
    internal static string Text(string address, string? token, bool hasDashboard)
    {
        var places = hasDashboard ? $"{address}/docs and {address}/dashboard" : $"{address}/docs";
        if (token is null) return $"Granary serves {address} (try {places}). Tokens come from the configured authority.\n";

        // What stands after # stays in the browser: it is in no request, no log and no referrer.
        var dashboard = hasDashboard ? $"The dashboard, signed in: {address}/dashboard#token={token}\n" : "";
        return $$"""
            Granary serves {{address}} (try {{places}}).
            This token may do everything; it is good for 12 hours and this run only:
            {{token}}
            {{dashboard}}The first call, which prints 56:
            curl -s -H "Authorization: Bearer {{token}}" -H "Content-Type: application/json" -d '{"a":7,"b":8}' {{address}}/rpc/calculator/a/Multiply

            """;
    }

    private static string? Token(IServiceProvider services) =>
        services.GetRequiredService<DevelopmentTokens>().Issuer?.Issue("developer", s_roles, s_lifetime);

    private static string? Address(IServer server)
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return address is null ? null : HttpAddress.Local(BindingAddress.Parse(address));
    }
}
