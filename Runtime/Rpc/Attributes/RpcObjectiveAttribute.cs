namespace Granary.Rpc;

/// <summary>What an <see cref="RpcServiceAttribute"/> interface promises its callers (its service level objective), for the catalogue and the dashboard. Nothing is enforced by it.</summary>
[AttributeUsage(AttributeTargets.Interface, Inherited = false)]
public sealed class RpcObjectiveAttribute : Attribute
{
    /// <summary>In which time 99 % of the calls are answered: a number with <c>ms</c>, <c>s</c> or <c>m</c>, for example <c>200ms</c>.</summary>
    public string? Latency { get; set; }

    /// <summary>The share of calls that do not fail for a reason of the service's own, above 0 and below 1, for example <c>0.999</c>.</summary>
    public double Availability { get; set; }
}
