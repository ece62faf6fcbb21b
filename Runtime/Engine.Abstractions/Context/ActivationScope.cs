namespace Orleans.Runtime;

/// <summary>The activation this thread is working for, set by the engine around what it does in an activation's name.</summary>
internal static class ActivationScope
{
    [ThreadStatic]
    private static IGrainContext? t_current;

    [ThreadStatic]
    private static IGrainContext? t_running;

    /// <summary>The activation whose instance is being constructed on this thread; what <see cref="Grain"/>'s constructor takes.</summary>
    internal static IGrainContext? Current
    {
        get => t_current;
        set => t_current = value;
    }

    /// <summary>The activation whose turn runs on this thread; null outside turns.</summary>
    internal static IGrainContext? Running
    {
        get => t_running;
        set => t_running = value;
    }
}
