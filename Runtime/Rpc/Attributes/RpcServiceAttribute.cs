namespace Granary.Rpc;

/// <summary>
/// Exposes a grain interface to callers outside the cluster, over every protocol of the gateway.
/// A grain interface without this attribute can only be called from inside the cluster.
/// </summary>
/// <param name="name">The service's name in addresses and contracts: lower-case letters, digits and hyphens, for example <c>calculator</c>.</param>
[AttributeUsage(AttributeTargets.Interface, Inherited = false)]
public sealed class RpcServiceAttribute(string name) : Attribute
{
    /// <summary>The service's name in addresses and contracts.</summary>
    public string Name { get; } = name;

    /// <summary>
    /// The protobuf package without its version suffix; the default is the interface's namespace in lower case
    /// (<c>Granary.Samples</c> gives <c>granary.samples</c>). The version is appended: <c>granary.samples.v1</c>.
    /// </summary>
    public string? Package { get; set; }

    /// <summary>The contract's version, 1 or higher. Several interfaces may share a name with different versions; they are served side by side.</summary>
    public int Version { get; set; } = 1;

    /// <summary>Who answers for the service: a team or an address, for the catalogue and the dashboard.</summary>
    public string? Owner { get; set; }
}
