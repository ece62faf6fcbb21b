namespace Granary.Generators.Model;

internal enum ReturnKind
{
    Void,
    Task,
    ValueTask,
    TaskOf,
    ValueTaskOf,
    Stream,
}

internal enum KeyKind
{
    None,
    String,
    Integer,
    Guid,
    IntegerCompound,
    GuidCompound,
}

/// <summary>One parameter, in the order of the signature.</summary>
/// <param name="Declared">The C# type as declared.</param>
/// <param name="Name">The C# identifier, escaped where it is a keyword.</param>
/// <param name="Argument">The index among the arguments, or -1 for the cancellation token.</param>
internal sealed record ParameterModel(string Declared, string Name, int Argument);

/// <summary>One method of a grain interface or observer.</summary>
internal sealed record MethodModel
{
    public required string Name { get; init; }

    /// <summary>The C# interface that declares it.</summary>
    public required string DeclaringType { get; init; }

    public required ReturnKind Returns { get; init; }

    /// <summary>The return type as declared.</summary>
    public required string DeclaredReturn { get; init; }

    /// <summary>The type of the result or of each item; null for none.</summary>
    public TypeModel? Result { get; init; }

    /// <summary>For an <c>Immutable&lt;T&gt;</c> result, that type; <see cref="Result"/> is T.</summary>
    public string? ResultWrapper { get; init; }

    public required EquatableArray<ParameterModel> Parameters { get; init; }

    /// <summary>The arguments: the parameters without the cancellation token. Field numbers from 2.</summary>
    public required EquatableArray<FieldModel> Arguments { get; init; }

    /// <summary>The types of all parameters, as <c>typeof</c> wants them.</summary>
    public required EquatableArray<string> ParameterTypes { get; init; }

    public required uint Id { get; init; }

    /// <summary>Distinct within the interface; names the generated call.</summary>
    public required string UniqueName { get; init; }

    /// <summary>Members of <c>CallFlags</c>.</summary>
    public required EquatableArray<string> Flags { get; init; }

    public int ResponseTimeoutMs { get; init; }

    /// <summary>For exposed interfaces.</summary>
    public RpcMethodModel? Rpc { get; init; }

    public bool HasCancellation => Parameters.Any(p => p.Argument < 0);

    public FieldModel? Stream => Arguments.FirstOrDefault(a => a.Type.Shape == Shape.Stream);

    /// <summary>For a lone argument that holds the key: the request message is that argument.</summary>
    public MessageModel? KeyedRequest { get; init; }
}

/// <summary>What the gateway is told of a method.</summary>
internal sealed record RpcMethodModel
{
    public required string Name { get; init; }

    public string? HttpVerb { get; init; }

    public string? HttpPath { get; init; }

    public long DeadlineTicks { get; init; }

    public string? RateLimit { get; init; }

    /// <summary>A member of <c>CallPriority</c>; null for Normal.</summary>
    public string? Priority { get; init; }

    public required AccessModel Access { get; init; }

    public bool IsReadOnly { get; init; }

    public bool IsIdempotent { get; init; }

    public bool IsOneWay { get; init; }

    public string? Summary { get; init; }

    public string? Deprecated { get; init; }

    public string? Sunset { get; init; }
}

internal sealed record AccessModel(bool Anonymous, EquatableArray<string> Roles, EquatableArray<string> Scopes, string? Policy);

/// <summary>A service level objective; 0 is none.</summary>
internal sealed record ObjectiveModel(long LatencyTicks, double Availability);

/// <summary>What the gateway is told of an interface.</summary>
internal sealed record ServiceModel
{
    public required string Name { get; init; }

    public required int Version { get; init; }

    /// <summary>With the version suffix.</summary>
    public required string Package { get; init; }

    public required string ProtoName { get; init; }

    public string? Owner { get; init; }

    public ObjectiveModel? Objective { get; init; }

    public string? Summary { get; init; }

    public string? Deprecated { get; init; }

    public string? Sunset { get; init; }

    public string FullName => Package + "." + ProtoName;
}

/// <summary>A grain interface or observer interface.</summary>
internal sealed record InterfaceModel
{
    public required string TypeName { get; init; }

    /// <summary>Without <c>global::</c>.</summary>
    public required string FullName { get; init; }

    /// <summary>The name on the wire: <c>[GrainInterfaceType]</c>, <c>[Alias]</c>, or <see cref="FullName"/>.</summary>
    public required string WireName { get; init; }

    /// <summary>Of <c>[Version]</c>; 0 without.</summary>
    public int Version { get; init; }

    /// <summary>The stem of the generated type names.</summary>
    public required string Stem { get; init; }

    public bool IsObserver { get; init; }

    public KeyKind Key { get; init; }

    public required EquatableArray<MethodModel> Methods { get; init; }

    /// <summary>Signatures of inherited methods that only the runtime calls; proxies have them because C# wants them.</summary>
    public EquatableArray<string> RuntimeMethods { get; init; }

    public ServiceModel? Service { get; init; }

    /// <summary>The closed generic types it mentions.</summary>
    public EquatableArray<MessageModel> Closed { get; init; }

    /// <summary>The codecs that are not generated, because of problems.</summary>
    public EquatableArray<string> Broken { get; init; }
}

/// <summary>A field or an enum value that contracts.lock says was removed.</summary>
/// <param name="Owner">What it belonged to: <c>message acme.v1.Order</c>, <c>request acme.v1.Orders/Place</c>, <c>enum acme.v1.Size</c>.</param>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name.</param>
internal sealed record RemovedModel(string Owner, int Number, string Name);
