using Granary.Gateway.Authentication;

namespace Granary.Tests;

/// <summary>A key for hosts that are configured with one, and tokens signed with it.</summary>
internal static class Tokens
{
    public const string Key = "a key for tests only, long enough for HS256";
    public const string Setting = "Granary:Authentication:Key=" + Key;

    public static string For(params string[] roles) => new TokenIssuer(new AuthenticationOptions { Key = Key }).Issue("tester", roles, TimeSpan.FromMinutes(5));
}
