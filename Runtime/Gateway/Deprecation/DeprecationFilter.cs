using System.Collections.Frozen;
using System.Globalization;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Deprecation;

/// <summary>
/// Tells callers of deprecated methods so, by the headers <c>Deprecation</c> (RFC 9745) and <c>Sunset</c> (RFC 8594), in every protocol whose answers have headers.
/// RFC 9745 wants a date for the deprecation, which contracts do not have: the epoch says that it has begun.
/// </summary>
internal sealed class DeprecationFilter(RpcCatalog catalog) : IRpcFilter
{
    private readonly FrozenDictionary<RpcMethod, string?> _sunsets = catalog.Services.SelectMany(s => s.Methods).Where(IsDeprecated).ToFrozenDictionary(m => m, Sunset);

    public int Order => RpcStage.Deprecation;

    public bool Supports(RpcMethod method) => IsDeprecated(method);

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        if ((call.Method.Deprecated ?? call.Method.Service.Deprecated) is not null) call.SetHeader("deprecation", "@0");
        if (_sunsets[call.Method] is { } day) call.SetHeader("sunset", day);
        return next(call);
    }

    private static bool IsDeprecated(RpcMethod method) => (method.Deprecated ?? method.Service.Deprecated) is not null || Sunset(method) is not null;

    private static string? Sunset(RpcMethod method) => (method.Sunset ?? method.Service.Sunset)?.ToDateTime(default, DateTimeKind.Utc).ToString("R", CultureInfo.InvariantCulture);
}
