using Granary.Rpc.Catalog;
using Orleans.Runtime;

namespace Granary.Engine.Routing;

/// <summary>Each change of the ambient context copies it, and the execution context with it: hence all at once.</summary>
internal sealed class RequestContextWriter : IRequestContextWriter
{
    public void Set(KeyValuePair<string, object>[] values) => RequestContext.Current = (RequestContext.Current ?? RequestContextData.Empty).With(values);
}
