using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Who may call: the method's attribute, else the interface's, else any authenticated caller.</summary>
internal static class AccessReader
{
    private const string AspNet = "Microsoft.AspNetCore.Authorization.";

    public static AccessModel Resolve(IMethodSymbol method, INamedTypeSymbol type) => Of(method) ?? Of(type) ?? new AccessModel(false, default, default, null);

    /// <summary>Attributes that contradict each other, or that nobody reads.</summary>
    public static void Check(ISymbol symbol, string path, Problems problems)
    {
        if (symbol.Has(Names.RpcAuthorize) && symbol.Has(Names.RpcAllowAnonymous)) problems.Add(Rules.ContradictoryAccess, symbol.Where(), path);
        if (symbol.Has(AspNet + "AuthorizeAttribute")) problems.Add(Rules.AspNetAuthorize, symbol.Where(), path, "Authorize", "RpcAuthorize");
        if (symbol.Has(AspNet + "AllowAnonymousAttribute")) problems.Add(Rules.AspNetAuthorize, symbol.Where(), path, "AllowAnonymous", "RpcAllowAnonymous");
    }

    private static AccessModel? Of(ISymbol symbol)
    {
        if (symbol.Has(Names.RpcAllowAnonymous)) return new AccessModel(true, default, default, null);
        return symbol.Find(Names.RpcAuthorize) is { } data
            ? new AccessModel(false, Split(data.Named<string>("Roles"), ','), Split(data.Named<string>("Scopes"), ' '), data.Named<string>("Policy"))
            : null;
    }

    private static EquatableArray<string> Split(string? text, char separator) =>
        (text ?? string.Empty).Split([separator], StringSplitOptions.RemoveEmptyEntries).Select(t => t.Trim()).Where(t => t.Length > 0).ToEquatable();
}
