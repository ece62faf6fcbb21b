using Orleans.Runtime;

namespace Granary.Calls;

/// <summary>What a method's attributes say about its calls.</summary>
[Flags]
public enum CallFlags
{
    None = 0,

    /// <summary>Interleaves with other read-only calls.</summary>
    ReadOnly = 1,

    /// <summary>Interleaves with everything.</summary>
    AlwaysInterleave = 2,

    /// <summary>The caller does not wait for an answer.</summary>
    OneWay = 4,

    /// <summary>Needs no ordering with the caller's other calls.</summary>
    Unordered = 8,

    /// <summary>Answers with a stream of items.</summary>
    Stream = 16,

    /// <summary>May be sent again when it is not known whether it ran.</summary>
    Idempotent = 32,

    /// <summary>Made by the engine itself: no filter sees it.</summary>
    Engine = 64,

    /// <summary>Does not count as use of the grain, so it does not keep an idle one active.</summary>
    Background = 128,
}

/// <summary>One method of a grain interface. Generated; immutable but for what the engine measures of it.</summary>
/// <param name="name">The C# name.</param>
/// <param name="id">The number on the wire: stable across builds, distinct within the interface.</param>
/// <param name="create">Makes or rents an empty call.</param>
/// <param name="flags">What the attributes say.</param>
/// <param name="responseTimeoutMs">From <c>[ResponseTimeout]</c>, milliseconds; 0 for the configured default.</param>
/// <param name="parameterTypes">The parameter types, to find the <see cref="System.Reflection.MethodInfo"/> for call filters.</param>
public sealed class CallMethod(string name, uint id, Func<Call> create, CallFlags flags = CallFlags.None, int responseTimeoutMs = 0, Type[]? parameterTypes = null)
{
    private static int s_slots;

    private System.Reflection.MethodInfo? _methodInfo;

    /// <summary>A small number, this object's alone in the process: the place of what others keep by method.</summary>
    internal int Slot { get; } = Interlocked.Increment(ref s_slots);

    public string Name { get; } = name;

    public uint Id { get; } = id;

    public CallFlags Flags { get; } = flags;

    public int ResponseTimeoutMs { get; } = responseTimeoutMs;

    /// <summary>Whether an argument is a stream that the method reads from its caller.</summary>
    internal bool HasStreamArgument { get; } = parameterTypes is not null && parameterTypes.Any(static t => t.IsAssignableTo(typeof(Rpc.IRpcStream)));

    /// <summary>Whether a call whose outcome is not known may be made again: it changes nothing, or nothing more the second time.</summary>
    internal bool IsRepeatable { get; } =
        (flags & (CallFlags.ReadOnly | CallFlags.Idempotent)) != 0 && (flags & (CallFlags.Stream | CallFlags.OneWay)) == 0
        && (parameterTypes is null || !parameterTypes.Any(static t => t.IsAssignableTo(typeof(Rpc.IRpcStream))));

    /// <summary>The interface it belongs to; set when that is built.</summary>
    public CallInterface Interface { get; internal set; } = null!;

    /// <summary>The name that logs, spans and metrics show: <c>Namespace.IInterface/Method</c>.</summary>
    public string FullName { get; internal set; } = name;

    /// <summary>How long the synchronous part of the method takes.</summary>
    internal TurnMeter Meter { get; } = new();

    /// <summary>Makes or rents an empty call.</summary>
    public Call CreateCall() => create();

    /// <summary>The interface method, looked up on first use.</summary>
    internal System.Reflection.MethodInfo MethodInfo => _methodInfo ??= FindMethodInfo();

    public override string ToString() => FullName;

    private System.Reflection.MethodInfo FindMethodInfo()
    {
        Type[] interfaces = [Interface.Type, .. Interface.Type.GetInterfaces()];
        foreach (var type in interfaces)
        {
            foreach (var method in type.GetMethods())
            {
                if (method.Name == Name && (parameterTypes is null || method.GetParameters().Select(p => p.ParameterType).SequenceEqual(parameterTypes))) return method;
            }
        }

        throw new MissingMethodException(Interface.Type.FullName, Name);
    }
}

/// <summary>One grain or observer interface. Generated; immutable.</summary>
public sealed class CallInterface
{
    private readonly Dictionary<uint, CallMethod> _byId;
    private readonly Func<ProxyInit, GrainProxy> _createProxy;

    /// <param name="type">The C# interface.</param>
    /// <param name="name">The name on the wire.</param>
    /// <param name="version">From <c>[Version]</c>; 0 without.</param>
    /// <param name="createProxy">Makes a reference.</param>
    /// <param name="methods">Every method, inherited ones included.</param>
    public CallInterface(Type type, string name, ushort version, Func<ProxyInit, GrainProxy> createProxy, CallMethod[] methods)
    {
        Type = type;
        Name = name;
        Version = version;
        Methods = methods;
        IsInternal = name.StartsWith("granary.", StringComparison.Ordinal) || type == typeof(Rpc.IRpcStreamSource);
        GrainInterfaceType = GrainInterfaceType.Create(name);
        _createProxy = createProxy;
        _byId = methods.ToDictionary(m => m.Id);
        foreach (var method in methods)
        {
            method.Interface = this;
            method.FullName = $"{name}/{method.Name}";
        }
    }

    public Type Type { get; }

    public string Name { get; }

    public ushort Version { get; }

    public IReadOnlyList<CallMethod> Methods { get; }

    public GrainInterfaceType GrainInterfaceType { get; }

    /// <summary>Whether it is the cluster's own business, or how a stream is fetched: traces do not show its calls. Grains of ours have names that begin so; those of users are full names of types, or what they say.</summary>
    internal bool IsInternal { get; }

    internal GrainProxy CreateProxy(ProxyInit init) => _createProxy(init);

    /// <summary>The method with that number, or null.</summary>
    internal CallMethod? FindMethod(uint id) => _byId.GetValueOrDefault(id);

    /// <summary>The only method of that name; null when there is none, or more than one.</summary>
    internal CallMethod? FindByName(string name) => Methods.Count(m => m.Name == name) == 1 ? Methods.First(m => m.Name == name) : null;

    public override string ToString() => Name;
}

/// <summary>What our generator found in one assembly for the embedded engine.</summary>
public abstract class CallPart
{
    /// <summary>Grain and observer interfaces.</summary>
    public abstract IReadOnlyList<CallInterface> Interfaces { get; }

    /// <summary>Grain classes.</summary>
    public abstract IReadOnlyList<Type> GrainClasses { get; }
}

/// <summary>Generated. Names the <see cref="CallPart"/> of this assembly and of those it references.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class CallPartAttribute(Type part) : Attribute
{
    /// <summary>A <see cref="CallPart"/> with a public parameterless constructor.</summary>
    public Type Part { get; } = part;
}

/// <summary>Asks our generator for the proxy and the calls of an interface that another assembly declares without them.</summary>
/// <param name="contract">A grain interface or an observer.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class GenerateCallsAttribute(Type contract) : Attribute
{
    /// <summary>The interface.</summary>
    public Type Contract { get; } = contract;
}
