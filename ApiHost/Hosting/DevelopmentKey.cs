using System.Security.Cryptography;

namespace Granary.ApiHost.Hosting;

/// <summary>The signing key of a developer's run: random, in memory only, gone with the process.</summary>
internal static class DevelopmentKey
{
    private const string Key = "Granary:Authentication:Key";
    private static readonly string[] s_others = ["Granary:Authentication:Authority", "Granary:Authentication:PublicKey", "Granary:Authentication:PublicKeyFile"];

    /// <summary>
    /// In Development, makes a key when nothing else is configured that tokens are checked against. Anywhere else it does nothing, and the host refuses to start without one.
    /// </summary>
    internal static void AddDevelopmentKey(this WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment()) return;
        if (!string.IsNullOrEmpty(builder.Configuration[Key]) || s_others.Any(other => !string.IsNullOrEmpty(builder.Configuration[other]))) return;
        builder.Configuration.AddInMemoryCollection([new(Key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(48)))]);
    }
}
