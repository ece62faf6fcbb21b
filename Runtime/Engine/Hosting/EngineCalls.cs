using Granary.Calls;
using Granary.Engine.Management;
using Granary.Engine.Reminders;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>The interfaces whose calls are written by hand, because they are declared where the generator does not run.</summary>
internal sealed class EngineCalls : CallPart
{
    private CallInterface[]? _interfaces;

    /// <summary>The process these belong to; set once it is made.</summary>
    internal ProcessCore Process { get; set; } = null!;

    public override IReadOnlyList<Type> GrainClasses => [];

    public override IReadOnlyList<CallInterface> Interfaces => _interfaces ??=
    [
        UntypedReference.CreateInterface(), RemindableCalls.Interface, ManagementGrain.CreateInterface(() => Process), GrainManagement.CreateInterface(() => Process),
    ];
}

/// <summary>A reference that speaks no interface yet: it can be compared, sent on and cast.</summary>
internal sealed class UntypedReference(ProxyInit init) : GrainProxy(init)
{
    internal static CallInterface CreateInterface() => new(typeof(IAddressable), "Orleans.Runtime.IAddressable", 0, init => new UntypedReference(init), []);
}
