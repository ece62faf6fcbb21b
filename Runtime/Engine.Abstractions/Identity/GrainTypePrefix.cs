namespace Orleans.Runtime;

/// <summary>Names of grain types which belong to the engine.</summary>
public static class GrainTypePrefix
{
    public const string SystemPrefix = "sys.";
    public const string SystemTargetPrefix = SystemPrefix + "svc.";
    public const string GrainServicePrefix = SystemTargetPrefix + "user.";
    public const string ClientPrefix = SystemPrefix + "client";

    public static readonly ReadOnlyMemory<byte> SystemTargetPrefixBytes = "sys.svc."u8.ToArray();
    public static readonly ReadOnlyMemory<byte> GrainServicePrefixBytes = "sys.svc.user."u8.ToArray();
    public static readonly ReadOnlyMemory<byte> ClientPrefixBytes = "sys.client"u8.ToArray();

    /// <summary>The type of clients: a process that observers live in.</summary>
    public static readonly GrainType ClientGrainType = GrainType.Create(ClientPrefix);

    public static bool IsClient(this in GrainType type) => type.AsSpan().StartsWith("sys.client"u8);

    public static bool IsClient(this in GrainId id) => id.Type.AsSpan().StartsWith("sys.client"u8);

    public static bool IsSystemTarget(this in GrainType type) => type.AsSpan().StartsWith("sys.svc."u8);

    public static bool IsSystemTarget(this in GrainId id) => id.Type.AsSpan().StartsWith("sys.svc."u8);

    public static bool IsGrainService(this in GrainType type) => type.AsSpan().StartsWith("sys.svc.user."u8);
}
