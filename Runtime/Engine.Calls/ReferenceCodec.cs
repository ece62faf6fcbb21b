using Granary.Codec;
using Orleans;
using Orleans.Runtime;

namespace Granary.Calls;

/// <summary>
/// Grain references and observers as arguments and results inside the cluster: a message <c>{ type = 1; key = 2; interface = 3 }</c>.
/// </summary>
public static class ReferenceCodec
{
    [ThreadStatic]
    private static CallRouter? t_router;

    /// <summary>Makes references that are read on this thread belong to a router, until the returned value is disposed.</summary>
    internal static Scope Reading(CallRouter router)
    {
        var previous = t_router;
        t_router = router;
        return new Scope(previous);
    }

    /// <summary>Writes a reference as a field, or nothing for null.</summary>
    /// <exception cref="ArgumentException">The object is no reference: an observer that was not passed through <c>CreateObjectReference</c>, or a grain passed as <c>this</c>.</exception>
    public static void Write(ref WireWriter w, uint tag, IAddressable? v)
    {
        if (v is null) return;
        if (v is not GrainProxy proxy)
        {
            if (v is not IGrainBase grain)
            {
                throw new ArgumentException($"{v.GetType()} cannot be sent to a grain as it is. Pass grainFactory.CreateObjectReference<IYourObserver>(observer) instead.");
            }

            throw new ArgumentException($"{grain.GetType()} was passed as 'this'. Pass this.AsReference<IYourGrain>() instead.");
        }

        var start = w.BeginMessage(tag);
        w.WriteTag((1 << 3) | 2);
        w.WriteBytes(proxy.GrainId.Type.AsSpan());
        w.WriteTag((2 << 3) | 2);
        w.WriteBytes(proxy.GrainId.Key.AsSpan());
        w.WriteTag((3 << 3) | 2);
        w.WriteString(proxy.Interface.Name);
        w.EndMessage(start);
    }

    /// <summary>Reads a reference after its tag.</summary>
    public static T? Read<T>(ref WireReader r)
        where T : IAddressable
    {
        var token = r.EnterMessage();
        string type = string.Empty, name = string.Empty;
        byte[] key = [];
        for (uint tag; (tag = r.ReadTag()) != 0;)
        {
            switch (tag)
            {
                case (1 << 3) | 2: type = r.ReadString(); break;
                case (2 << 3) | 2: key = r.ReadBytes(); break;
                case (3 << 3) | 2: name = r.ReadString(); break;
                default: r.Skip(tag); break;
            }
        }

        r.ExitMessage(token);
        if (type.Length == 0) throw new WireFormatException("A grain reference without a type.", r.Position);
        var router = t_router ?? throw new InvalidOperationException("A grain reference can only be read as part of a call.");
        return (T?)router.CreateProxy(GrainId.Create(GrainType.Create(type), new IdSpan(key)), name, typeof(T));
    }

    /// <summary>Restores the router that was there before.</summary>
    internal readonly ref struct Scope(CallRouter? previous)
    {
        public void Dispose() => t_router = previous;
    }
}
