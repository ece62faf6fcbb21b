namespace Granary.Rpc.Catalog;

/// <summary>Sets many values of <see cref="Orleans.Runtime.RequestContext"/> at the price of one. An engine that can registers it; without it they are set one by one. Thread-safe.</summary>
public interface IRequestContextWriter
{
    /// <summary>Does what <see cref="Orleans.Runtime.RequestContext.Set"/> would do for each.</summary>
    /// <param name="values">With distinct keys; not changed afterwards.</param>
    void Set(KeyValuePair<string, object>[] values);
}
