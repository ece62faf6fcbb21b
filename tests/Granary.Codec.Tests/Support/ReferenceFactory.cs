using System.Reflection;
using Granary.Rpc;
using Orleans;

namespace Granary.Codec.Tests;

/// <summary>A grain factory that makes references to observers, and nothing else.</summary>
public class ReferenceFactory : DispatchProxy
{
    public static (IGrainFactory Factory, ReferenceFactory Log) Create()
    {
        var factory = Create<IGrainFactory, ReferenceFactory>();
        return (factory, (ReferenceFactory)(object)factory);
    }

    public List<object?> Referenced { get; } = [];

    public List<object?> Deleted { get; } = [];

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        switch (targetMethod!.Name)
        {
            case nameof(IGrainFactory.CreateObjectReference):
                Referenced.Add(args![0]);
                return new Reference((IRpcStreamSource)args[0]!);
            case nameof(IGrainFactory.DeleteObjectReference):
                Deleted.Add(args![0]);
                return null;
            default:
                throw new NotSupportedException(targetMethod.Name);
        }
    }

    private sealed class Reference(IRpcStreamSource target) : IRpcStreamSource
    {
        public Task<RpcBatch> Pull(int max) => target.Pull(max);

        public Task Cancel() => target.Cancel();
    }
}
