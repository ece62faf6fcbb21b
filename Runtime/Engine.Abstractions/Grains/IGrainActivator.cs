namespace Orleans.Runtime;

/// <summary>Makes and disposes the instances of a grain class.</summary>
public interface IGrainActivator
{
    object CreateInstance(IGrainContext context);

    ValueTask DisposeInstance(IGrainContext context, object instance);
}
