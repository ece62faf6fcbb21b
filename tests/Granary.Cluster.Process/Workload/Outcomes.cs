namespace Granary.Cluster.Workload;

internal static class Outcomes
{
    // What the engine says of a call that no grain has seen.
    private static readonly string[] s_unsent = ["cannot be reached", "cannot be sent", "is stopping and no other silo", "before the call"];

    /// <summary>What an error says of its call. In doubt, nothing.</summary>
    internal static Outcome Of(Exception error) => error switch
    {
        LimitExceededException or GatewayTooBusyException => Outcome.Failed,
        SiloUnavailableException or TimeoutException => s_unsent.Any(u => error.Message.Contains(u, StringComparison.Ordinal)) ? Outcome.Failed : Outcome.Unknown,
        OrleansMessageRejectionException => Outcome.Failed,
        _ => Outcome.Unknown,
    };
}
