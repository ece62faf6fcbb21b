using System.Collections;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Engine.Hosting;

/// <summary>Services of one kind, made when first looked at: call filters may themselves depend on what makes calls.</summary>
internal sealed class LazyServices<T>(IServiceProvider services) : IReadOnlyList<T>
{
    private T[]? _items;

    public int Count => Items.Length;

    private T[] Items => _items ??= [.. services.GetServices<T>()];

    public T this[int index] => Items[index];

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)Items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => Items.GetEnumerator();
}
