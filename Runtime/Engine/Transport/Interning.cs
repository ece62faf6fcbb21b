using System.Text;
using Granary.Calls;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// Grain type and interface of a call, as a number where the connection has seen the pair before: <c>0 type interface version</c> spells it out, <c>1 type interface version</c> gives it the next
/// number, from 2 on. Each direction counts for itself. A table holds <see cref="MaxEntries"/>; what comes later is spelt out.
/// </summary>
internal static class Interning
{
    internal const int MaxEntries = 1024;
    internal const uint Literal = 0;
    internal const uint Definition = 1;
    internal const uint FirstNumber = 2;

    /// <summary>The longest name of a grain type or interface, bytes of UTF-8.</summary>
    internal const int MaxName = 1024;
}

/// <summary>The sender's side; under the connection's output lock.</summary>
internal sealed class OutgoingInterning
{
    private readonly Dictionary<(GrainType, CallInterface), uint> _numbers = [];
    private (GrainType Type, CallInterface Interface, uint Number) _last;

    internal void Write(ref WireWriter w, GrainType grainType, CallInterface callInterface)
    {
        if (ReferenceEquals(_last.Interface, callInterface) && _last.Type.Equals(grainType))
        {
            w.WriteVarint32(_last.Number);
            return;
        }

        if (_numbers.TryGetValue((grainType, callInterface), out var number))
        {
            _last = (grainType, callInterface, number);
            w.WriteVarint32(number);
            return;
        }

        var type = grainType.AsSpan();
        if (type.Length > Interning.MaxName || Encoding.UTF8.GetByteCount(callInterface.Name) > Interning.MaxName)
        {
            throw new ArgumentException($"The names of the grain type '{grainType}' and of the interface '{callInterface.Name}' may have {Interning.MaxName} bytes each. Shorten them with [GrainType] and [Alias].");
        }

        if (_numbers.Count == Interning.MaxEntries)
        {
            w.WriteVarint32(Interning.Literal);
        }
        else
        {
            _numbers.Add((grainType, callInterface), Interning.FirstNumber + (uint)_numbers.Count);
            w.WriteVarint32(Interning.Definition);
        }

        w.WriteBytes(type);
        w.WriteString(callInterface.Name);
        w.WriteVarint32(callInterface.Version);
    }

    /// <summary>Reads what this has written, in any order.</summary>
    internal IncomingInterning ToReader() => new(_numbers.OrderBy(static n => n.Value).Select(static n => new InternedTarget(n.Key.Item1, n.Key.Item2.Name, n.Key.Item2, n.Key.Item2.Version)), name =>
        _numbers.Keys.Select(static n => n.Item2).FirstOrDefault(i => i.Name == name));

    /// <summary>How many pairs have numbers.</summary>
    internal int Count => _numbers.Count;

    /// <summary>A frame that was to define the pair is not sent after all.</summary>
    internal void Undo(GrainType grainType, CallInterface callInterface)
    {
        _numbers.Remove((grainType, callInterface));
        _last = default;
    }
}

/// <summary>The receiver's side; for the one who reads.</summary>
internal sealed class IncomingInterning(Func<string, CallInterface?> findInterface)
{
    private static readonly InternedTarget s_skipped = new(default, "", null, 0);

    private readonly List<InternedTarget> _targets = [];
    private readonly bool _isComplete;

    /// <summary>Knows every number there is; definitions say nothing new.</summary>
    internal IncomingInterning(IEnumerable<InternedTarget> targets, Func<string, CallInterface?> findInterface)
        : this(findInterface)
    {
        _targets.AddRange(targets);
        _isComplete = true;
    }

    /// <summary>Passes over a target.</summary>
    internal static InternedTarget Skip(ref WireReader r)
    {
        if (r.ReadVarint32() < Interning.FirstNumber)
        {
            r.ReadSpan();
            r.ReadSpan();
            r.ReadVarint32();
        }

        return s_skipped;
    }

    /// <exception cref="FrameException">A number that was not given, or a definition too many.</exception>
    /// <exception cref="WireFormatException">The bytes end early, or a name is no UTF-8.</exception>
    internal InternedTarget Read(ref WireReader r)
    {
        var number = r.ReadVarint32();
        if (number >= Interning.FirstNumber)
        {
            var index = number - Interning.FirstNumber;
            if (index >= (uint)_targets.Count) throw new FrameException($"the grain type number {number} was not given");
            return _targets[(int)index];
        }

        var type = r.ReadSpan();
        if (type.Length is 0 or > Interning.MaxName) throw new FrameException($"a grain type of {type.Length} bytes; 1 to {Interning.MaxName} are allowed");
        var grainType = new GrainType(type.ToArray());
        var name = r.ReadString();
        if (name.Length > Interning.MaxName) throw new FrameException($"an interface name of {name.Length} characters; {Interning.MaxName} are allowed");
        var version = (ushort)Math.Min(r.ReadVarint32(), ushort.MaxValue);
        var target = new InternedTarget(grainType, name, findInterface(name), version);
        if (number == Interning.Definition && !_isComplete)
        {
            if (_targets.Count == Interning.MaxEntries) throw new FrameException("too many grain types were given numbers");
            _targets.Add(target);
        }

        return target;
    }
}

/// <summary>What a number stands for.</summary>
/// <param name="GrainType">The grain type.</param>
/// <param name="Name">The interface's name.</param>
/// <param name="Interface">The interface; null when this process does not know it.</param>
/// <param name="Version">The caller's version of the interface.</param>
internal sealed record InternedTarget(GrainType GrainType, string Name, CallInterface? Interface, ushort Version);
