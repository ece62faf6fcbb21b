namespace Granary.Rpc;

/// <summary>Running the method twice with the same arguments has the effect of running it once: it may be retried.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IdempotentAttribute : Attribute;

/// <summary>The day from which a deprecated service or method may be gone; sent as the <c>Sunset</c> header (RFC 8594).</summary>
/// <param name="date">A date, <c>yyyy-MM-dd</c>.</param>
[AttributeUsage(AttributeTargets.Interface | AttributeTargets.Method, Inherited = false)]
public sealed class SunsetAttribute(string date) : Attribute
{
    /// <summary>The date, <c>yyyy-MM-dd</c>.</summary>
    public string Date { get; } = date;
}

/// <summary>
/// Names one sub-type of a serialized base type or interface; together they are a protobuf <c>oneof</c> (and a JSON object with the property <c>$type</c>).
/// </summary>
/// <param name="id">The sub-type's number, 0 or higher; its protobuf field is one higher. Never reuse one.</param>
/// <param name="type">The sub-type: a <c>[GenerateSerializer]</c> type that derives from the one this stands on.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Interface, AllowMultiple = true, Inherited = false)]
public sealed class UnionAttribute(uint id, Type type) : Attribute
{
    /// <summary>The sub-type's number.</summary>
    public uint Id { get; } = id;

    /// <summary>The sub-type.</summary>
    public Type Type { get; } = type;
}

/// <summary>The property of a lone DTO argument that holds the grain's key, so that the request message is the DTO itself.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class RpcKeyAttribute : Attribute;
