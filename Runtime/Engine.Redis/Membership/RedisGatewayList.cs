using System.Net;
using Granary.Engine.Membership;

namespace Granary.Engine.Redis.Membership;

/// <summary>The silos that take calls, from the membership table.</summary>
internal sealed class RedisGatewayList(RedisMembershipTable table) : IGatewayList
{
    public async Task<IReadOnlyList<IPEndPoint>> ReadAsync(CancellationToken cancellation) =>
        [.. (await table.ReadAsync(cancellation).ConfigureAwait(false)).Active.Select(s => s.Address.Endpoint)];
}
