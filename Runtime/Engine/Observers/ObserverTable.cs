using Granary.Calls;
using Orleans.Runtime;

namespace Granary.Engine;

/// <summary>The observers of this process: objects that grains call back.</summary>
internal sealed class ObserverTable(ProcessCore process)
{
    private static ReadOnlySpan<byte> Prefix => "sys.observer"u8;

    internal ProcessCore Process { get; } = process;

    internal static bool IsObserver(GrainId grainId) => grainId.Type.AsSpan().SequenceEqual(Prefix);

    /// <summary>Runs a call to an observer of this process, or sends it to the process that has it.</summary>
    internal void Dispatch(Call call)
    {
        call.Fail(new ClientNotAvailableException(call.TargetId));
        call.ReleaseCallee();
    }
}
