namespace Granary.Rpc;

/// <summary>Options of one method of an <see cref="RpcServiceAttribute"/> interface. Checked at compile time.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RpcMethodAttribute : Attribute
{
    /// <summary>The method's name in addresses and contracts, where it differs from the C# name (overloads need one).</summary>
    public string? Name { get; set; }

    /// <summary>
    /// An HTTP method and a path besides the standard one, for example <c>GET /users/{key}</c>.
    /// <c>{key}</c> is the grain's key; any other placeholder is a parameter's name. The path stands as written, with no version prefix.
    /// </summary>
    public string? Http { get; set; }

    /// <summary>How long a call may take when the caller names no deadline: a number with <c>ms</c>, <c>s</c> or <c>m</c>, for example <c>2s</c>.</summary>
    public string? Deadline { get; set; }

    /// <summary>The name of a rate limit policy of the gateway's configuration.</summary>
    public string? RateLimit { get; set; }

    /// <summary>Which calls go first when the gateway is overloaded; <c>Granary:Shedding:Priorities</c> of its configuration goes before it.</summary>
    public CallPriority Priority { get; set; } = CallPriority.Normal;
}
