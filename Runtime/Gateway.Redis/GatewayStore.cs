using Granary.Redis;

namespace Granary.Gateway.Redis;

/// <summary>Where the gateways of one service keep what they share: a connection of their own, so that nothing of the silos' waits for it, and the names of the keys.</summary>
/// <param name="Connection">The way to the server.</param>
/// <param name="Prefix">What every key begins with: <c>granary:service-id:</c>. Keys that one script changes together share a part in braces.</param>
internal sealed record GatewayStore(RedisConnection Connection, string Prefix);
