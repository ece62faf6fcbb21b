using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Granary.Hosting;
using StackExchange.Redis;

namespace Granary.Redis;

/// <summary>The relays of one client: one for each of its servers. They end when its owner says so, or are collected with it.</summary>
internal sealed class LoginRelays : IDisposable
{
    private static readonly ConditionalWeakTable<IConnectionMultiplexer, LoginRelays> s_byClient = [];

    private readonly List<(LoginRelay Relay, string Server)> _relays = [];

    private LoginRelays()
    {
    }

    ~LoginRelays() => End();

    /// <summary>Connects by a configuration that has a user.</summary>
    internal static async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions configuration, TimeProvider time)
    {
        var relays = new LoginRelays();
        try
        {
            // 256 bits. Nobody but this client knows them, so nobody else on this machine is logged in by us.
            var token = RandomNumberGenerator.GetHexString(64, lowercase: true);
            var through = configuration.Clone();
            through.EndPoints.Clear();
            (through.Password, through.Ssl, through.SslHost) = (token, false, null);
            foreach (var endpoint in configuration.EndPoints)
            {
                var relay = new LoginRelay(endpoint, configuration, token, time);
                relays._relays.Add((relay, RedisErrors.Describe([endpoint])));
                through.EndPoints.Add(relay.Address);
            }

            var client = await ConnectionMultiplexer.ConnectAsync(through).ConfigureAwait(false);
            s_byClient.Add(client, relays);
            return client;
        }
        catch (Exception error)
        {
            relays.Dispose();
            throw RedisErrors.Explain(error, RedisErrors.Describe(configuration.EndPoints), Preflight.Patience(configuration), configuration.User, relays);
        }
    }

    /// <summary>Those of this client; null where it needs none.</summary>
    internal static LoginRelays? Of(IConnectionMultiplexer client) => s_byClient.TryGetValue(client, out var relays) ? relays : null;

    /// <summary>A message of the client, with the names of the servers in place of those of the relays.</summary>
    internal string Rename(string message)
    {
        foreach (var (relay, server) in _relays) message = message.Replace(relay.Address.ToString(), server, StringComparison.Ordinal);
        return message;
    }

    public void Dispose()
    {
        End();
        GC.SuppressFinalize(this);
    }

    private void End()
    {
        foreach (var (relay, _) in _relays) relay.Dispose();
    }
}
