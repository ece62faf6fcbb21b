using System.Runtime.InteropServices;

namespace Granary.Codec;

/// <summary>The elements of lists that are declared by an interface, without an enumerator on the heap. For generated code.</summary>
public static class Elements
{
    /// <summary>The elements: those of an array or a <see cref="List{T}"/> in place, of anything else as a copy. The list must not change meanwhile.</summary>
    public static ReadOnlySpan<T> Of<T>(IEnumerable<T> items) => items switch
    {
        T[] array => new ReadOnlySpan<T>(array),
        List<T> list => CollectionsMarshal.AsSpan(list),
        _ => items.ToArray(),
    };
}
