using System.Reflection;
using Orleans;

namespace Granary.Generators.Tests.Support;

/// <summary>A grain factory that answers every key with one object, and remembers the key.</summary>
public class FakeGrains : DispatchProxy
{
    private object _grain = null!;

    public object?[] Key { get; private set; } = [];

    public static (IGrainFactory Factory, FakeGrains Seen) Of(object grain)
    {
        var factory = Create<IGrainFactory, FakeGrains>();
        var seen = (FakeGrains)factory;
        seen._grain = grain;
        return (factory, seen);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name != nameof(IGrainFactory.GetGrain)) throw new NotSupportedException(targetMethod.Name);
        Key = args!.Where(a => a is not null).ToArray()!;
        return _grain;
    }
}
