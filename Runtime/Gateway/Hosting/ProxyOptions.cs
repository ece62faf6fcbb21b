namespace Granary.Gateway;

/// <summary>
/// The proxies in front of this host whose word counts: only what they say in <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> is believed. None by default, and then these headers mean nothing: anyone can write them.
/// </summary>
public sealed class ProxyOptions
{
    /// <summary>Addresses and networks of the proxies: <c>10.0.0.5</c>, <c>10.0.0.0/8</c>.</summary>
    public IList<string> Networks { get; set; } = [];

    /// <summary>How many of them a request passes, one after another. 1 to 10; the default is 1.</summary>
    public int Hops { get; set; } = 1;
}
