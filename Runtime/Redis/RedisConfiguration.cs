using Granary.Redis;
using StackExchange.Redis;

namespace Granary.Hosting;

/// <summary>Reads connection strings of Redis and connects by them.</summary>
public static class RedisConfiguration
{
    private const string UserOption = "user=";

    /// <summary>
    /// Reads a connection string: <c>host:port,host:port,user=..,password=..,ssl=true,defaultDatabase=0,connectTimeout=ms,syncTimeout=ms</c>; see the documentation of StackExchange.Redis for the rest.
    /// </summary>
    /// <exception cref="ArgumentException">The string is no connection string. The message does not repeat it: it may have a password.</exception>
    public static ConfigurationOptions Parse(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        ConfigurationOptions options;
        try
        {
            // The client of this build does not know the option.
            var parts = connectionString.Split(',', StringSplitOptions.TrimEntries).ToLookup(static part => part.StartsWith(UserOption, StringComparison.OrdinalIgnoreCase));
            options = ConfigurationOptions.Parse(string.Join(',', parts[false]));
            options.User = parts[true].LastOrDefault()?[UserOption.Length..].Trim();
        }
        catch (Exception error) when (error is not ArgumentNullException)
        {
            throw new ArgumentException($"The Redis connection string cannot be read: {error.Message} Write host:port,password=..,ssl=true.", nameof(connectionString), error);
        }

        if (options.EndPoints.Count == 0) throw new ArgumentException("The Redis connection string names no server. Write host:port,password=..,ssl=true.", nameof(connectionString));
        if (options.User is { } user && string.IsNullOrEmpty(options.Password))
            throw new ArgumentException($"The Redis connection string has the user '{user}' and no password. Write host:port,user={user},password=..", nameof(connectionString));
        return options;
    }

    /// <summary>Connects, or throws.</summary>
    internal static async Task<(IConnectionMultiplexer Multiplexer, bool IsShared)> ConnectAsync(ConfigurationOptions? configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var own = Copy(configuration);
        own.AbortOnConnectFail = true;
        // Where the server's version may not be asked for.
        if (own.DefaultVersion < RedisRequestException.OldestVersion) own.DefaultVersion = RedisRequestException.OldestVersion;
        // No keys and channels beyond our own: the user may not be permitted others.
        own.TieBreaker = "";
        own.ConfigurationChannel = "";
        await Preflight.CheckAsync(own, TimeProvider.System).ConfigureAwait(false);
        var multiplexer = own.User is null ? await ConnectionMultiplexer.ConnectAsync(own).ConfigureAwait(false) : await LoginRelays.ConnectAsync(own, TimeProvider.System).ConfigureAwait(false);
#pragma warning disable CS0618 // later versions of the client never preserve it
        // What arrives is put in order by versions; one answer must not wait for what another one's receiver does.
        multiplexer.PreserveAsyncOrder = false;
#pragma warning restore CS0618
        return (multiplexer, false);
    }

    /// <summary>A copy that nobody else changes, with the user and with ports.</summary>
    internal static ConfigurationOptions Copy(ConfigurationOptions configuration)
    {
        var copy = configuration.Clone();
        copy.User = configuration.User;
        copy.SetDefaultPorts();
        return copy;
    }

    /// <summary>The same for configurations that name the same server in the same way. Has the password: never printed.</summary>
    internal static string Identity(ConfigurationOptions configuration) => $"{configuration.ToString(includePassword: true)},{UserOption}{configuration.User}";
}
