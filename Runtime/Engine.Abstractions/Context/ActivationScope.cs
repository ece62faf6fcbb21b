namespace Orleans.Runtime;

/// <summary>The activation this thread is working for, set by the engine around what it does in an activation's name.</summary>
internal static class ActivationScope
{
    [ThreadStatic]
    private static IGrainContext? t_current;

    /// <summary>The activation whose instance is being constructed on this thread; what <see cref="Grain"/>'s constructor takes.</summary>
    internal static IGrainContext? Current
    {
        get => t_current;
        set => t_current = value;
    }

    /// <summary>How the engine tells the activation whose turn runs on the current thread; it sets this once, before the first turn.</summary>
    internal static Func<IGrainContext?>? FindRunning { get; set; }

    /// <summary>The activation whose turn runs on this thread; null outside turns.</summary>
    internal static IGrainContext? Running => FindRunning?.Invoke();
}
