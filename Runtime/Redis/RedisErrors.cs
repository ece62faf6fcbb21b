using System.Net;
using System.Security.Authentication;
using Granary.Hosting;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>Says what a failed request means and what to do about it.</summary>
internal static class RedisErrors
{
    /// <summary>The failure with a message for people.</summary>
    /// <param name="error">What the client threw.</param>
    /// <param name="server">The server's addresses.</param>
    /// <param name="timeout">How long was waited.</param>
    /// <param name="user">The ACL user, where there is one.</param>
    /// <param name="relays">What the client takes for the servers, where it does.</param>
    internal static RedisRequestException Explain(Exception error, string server, TimeSpan timeout, string? user = null, LoginRelays? relays = null)
    {
        if (error is RedisRequestException known) return known;
        if (error is AggregateException { InnerException: { } first }) error = first;
        var said = relays?.Rename(error.Message) ?? error.Message;
        var problem = Classify(error);
        var message = problem switch
        {
            RedisProblem.Unreachable => $"Redis at {server} cannot be reached: {Short(said)} Check that it runs, that the address in the connection string is right, and ssl=true if it wants TLS.",
            RedisProblem.TimedOut => $"Redis at {server} did not answer within {timeout.TotalSeconds:0.#} s. Check its load (SLOWLOG GET, INFO commandstats) and the network; syncTimeout (ms) in the connection string allows more.",
            RedisProblem.NotAuthenticated => $"Redis at {server} refuses the password or the user{Named(user)}, or, with ssl=true, its certificate is not trusted here: {Short(said)} Set password=.., and user=.. if it is not the user default's, in the connection string; for a certificate of your own authority, install the authority on this machine.",
            RedisProblem.Forbidden => $"Redis at {server} does not permit this to the user{Named(user ?? "default")}: {Short(said)} The permissions that are needed are listed in docs/redis.md: ACL SETUSER {user ?? "default"} on >password ~granary:* &granary:* and those commands.",
            RedisProblem.ReadOnly => $"Redis at {server} does not write: {Short(said)} Name the primary in the connection string; if it is the primary, see INFO replication and INFO persistence there.",
            RedisProblem.OutOfMemory => $"Redis at {server} is out of memory: {Short(said)} Raise maxmemory; maxmemory-policy must be noeviction, or Redis throws away entries of the directory.",
            RedisProblem.Loading => $"Redis at {server} is loading its data set and does not answer yet: {Short(said)} It is asked again.",
            _ => $"A request to Redis at {server} failed: {Short(said)}",
        };
        return new RedisRequestException(problem, message, error);
    }

    internal static RedisRequestException TooOld(string server, string seen) => new(
        RedisProblem.TooOld,
        $"Redis at {server} is version {seen}; {RedisRequestException.OldestVersion} or later is needed. Upgrade it, or name another server in the connection string.");

    /// <summary>Addresses as people write them, without anything secret.</summary>
    internal static string Describe(IEnumerable<EndPoint> endpoints) => string.Join(", ", endpoints.Select(e => e switch
    {
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => e.ToString(),
    }));

    private static RedisProblem Classify(Exception error)
    {
        var said = error.Message;
        if (error is TimeoutException) return RedisProblem.TimedOut;
        if (error is AuthenticationException) return RedisProblem.NotAuthenticated;
        if (error is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure }) return RedisProblem.NotAuthenticated;
        if (Says(said, "NOPERM") || Says(said, "The user executing the script can't")) return RedisProblem.Forbidden;
        if (Says(said, "NOAUTH") || Says(said, "WRONGPASS") || Says(said, "invalid password") || Says(said, "AuthenticationFailure") || Says(said, "invalid username-password")) return RedisProblem.NotAuthenticated;
        if (Says(said, "READONLY") || Says(said, "MISCONF") || Says(said, "NOREPLICAS") || Says(said, "read only replica")) return RedisProblem.ReadOnly;
        if (Says(said, "OOM ") || Says(said, "used memory > 'maxmemory'")) return RedisProblem.OutOfMemory;
        if (Says(said, "LOADING") || Says(said, "MASTERDOWN") || Says(said, "CLUSTERDOWN")) return RedisProblem.Loading;
        return error is RedisConnectionException or IOException or System.Net.Sockets.SocketException or ObjectDisposedException ? RedisProblem.Unreachable : RedisProblem.Other;
    }

    private static string Named(string? user) => user is null ? "" : $" '{user}'";

    private static bool Says(string text, string what) => text.Contains(what, StringComparison.Ordinal);

    /// <summary>The client adds counters of its insides to its messages; the first sentence is what matters.</summary>
    private static string Short(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        if (end >= 0) line = line[..end];
        if (line.Length > 300) line = line[..300];
        return line.EndsWith(".") ? line.ToString() : $"{line}.";
    }
}
