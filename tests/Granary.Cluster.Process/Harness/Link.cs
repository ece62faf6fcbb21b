namespace Granary.Cluster.Harness;

/// <summary>Between two nodes: open, or cut until it is healed. Thread-safe.</summary>
internal sealed class Link
{
    private volatile TaskCompletionSource? _healed;

    internal void Cut() => _healed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void Heal()
    {
        var healed = _healed;
        _healed = null;
        healed?.TrySetResult();
    }

    /// <summary>Completes while the link is open.</summary>
    internal Task OpenAsync(CancellationToken cancellation) => _healed?.Task.WaitAsync(cancellation) ?? Task.CompletedTask;
}
