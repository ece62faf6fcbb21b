using Orleans.Runtime;

namespace Orleans;

/// <summary>Parts of an activation found by type.</summary>
public static class GrainContextComponentExtensions
{
    /// <summary>The grain extension of that interface.</summary>
    /// <exception cref="GrainExtensionNotInstalledException">There is none.</exception>
    public static TComponent GetGrainExtension<TComponent>(this IGrainContext context)
        where TComponent : class, IGrainExtension
    {
        ArgumentNullException.ThrowIfNull(context);
        var binder = context.GetComponent<IGrainExtensionBinder>()
            ?? throw new GrainExtensionNotInstalledException($"Grain '{context.GrainId}' takes no extensions.");
        return binder.GetExtension<TComponent>();
    }
}
