using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>The activation that is being constructed, or whose turn runs, on the current thread.</summary>
internal sealed class GrainContextAccessor : IGrainContextAccessor
{
    public IGrainContext GrainContext => ActivationScope.Current ?? ActivationScope.Running
        ?? throw new InvalidOperationException("There is no grain here: this code runs on no grain's turn.");
}
