namespace Granary.Client.Endpoints;

/// <summary>Which of the healthy endpoints a call goes to.</summary>
public enum Balancing
{
    /// <summary>One after the other.</summary>
    RoundRobin,

    /// <summary>The one with the fewest calls of this client under way.</summary>
    LeastRequests,

    /// <summary>The first in the list that is healthy: the others are spares.</summary>
    PickFirst,
}

/// <summary>Picks one of those that may be picked. Thread-safe.</summary>
internal abstract class Balancer
{
    private int _turn;

    public static Balancer Of(Balancing balancing) => balancing switch
    {
        Balancing.LeastRequests => new LeastRequestsBalancer(),
        Balancing.PickFirst => new PickFirstBalancer(),
        _ => new RoundRobinBalancer(),
    };

    /// <summary>One of the endpoints for which <paramref name="isFit"/> is true, or null when there is none.</summary>
    public abstract Endpoint? Pick(IReadOnlyList<Endpoint> endpoints, Func<Endpoint, bool> isFit);

    /// <summary>Where to begin looking: each time one further.</summary>
    protected int NextTurn(int count) => (int)((uint)Interlocked.Increment(ref _turn) % (uint)count);
}

internal sealed class RoundRobinBalancer : Balancer
{
    public override Endpoint? Pick(IReadOnlyList<Endpoint> endpoints, Func<Endpoint, bool> isFit)
    {
        if (endpoints.Count == 0) return null;
        var start = NextTurn(endpoints.Count);
        for (var i = 0; i < endpoints.Count; i++)
        {
            var endpoint = endpoints[(start + i) % endpoints.Count];
            if (isFit(endpoint)) return endpoint;
        }

        return null;
    }
}

internal sealed class LeastRequestsBalancer : Balancer
{
    public override Endpoint? Pick(IReadOnlyList<Endpoint> endpoints, Func<Endpoint, bool> isFit)
    {
        if (endpoints.Count == 0) return null;

        // From another one each time, so that equals share.
        var start = NextTurn(endpoints.Count);
        Endpoint? best = null;
        for (var i = 0; i < endpoints.Count; i++)
        {
            var endpoint = endpoints[(start + i) % endpoints.Count];
            if (isFit(endpoint) && (best is null || endpoint.Active < best.Active)) best = endpoint;
        }

        return best;
    }
}

internal sealed class PickFirstBalancer : Balancer
{
    public override Endpoint? Pick(IReadOnlyList<Endpoint> endpoints, Func<Endpoint, bool> isFit) => endpoints.FirstOrDefault(isFit);
}
