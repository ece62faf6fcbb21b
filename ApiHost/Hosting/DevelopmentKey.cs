using System.Security.Cryptography;

namespace Granary.ApiHost.Hosting;

/// <summary>The signing key of a developer's run: random, in memory only, gone with the process.</summary>
internal static class DevelopmentKey
{
    private const string Key = "Granary:Authentication:Key";
    private const string Authority = "Granary:Authentication:Authority";

    /// <summary>
    /// In Development, makes a key when neither a key nor an authority is configured. Anywhere else it does nothing, and the host refuses to start without one.
    /// </summary>
    internal static void AddDevelopmentKey(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment()) return;
        if (!string.IsNullOrEmpty(builder.Configuration[Key]) || !string.IsNullOrEmpty(builder.Configuration[Authority])) return;
        builder.Configuration.AddInMemoryCollection([new(Key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(48)))]);
    }
}
