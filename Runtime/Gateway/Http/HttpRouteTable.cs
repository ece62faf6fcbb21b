using System.Collections.Frozen;
using System.Globalization;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Http;

/// <summary>
/// Every address of the catalog's methods. The one source for serving, for OpenAPI and for tests. Immutable and thread-safe.
/// An address without a version means version 1 (or that of the <c>Api-Version</c> header); <c>/v2/rpc/...</c> names one.
/// </summary>
public sealed class HttpRouteTable
{
    private const string Root = "/rpc/";

    private readonly FrozenDictionary<string, Version[]>.AlternateLookup<ReadOnlySpan<char>> _services;
    private readonly FrozenDictionary<string, HttpRoute[]>.AlternateLookup<ReadOnlySpan<char>> _custom;
    private readonly HttpRoute[] _customAnywhere;

    /// <exception cref="InvalidOperationException">Two routes have the same verb and shape, or one lies within <c>/rpc</c>.</exception>
    public HttpRouteTable(RpcCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var methods = catalog.Services.SelectMany(s => s.Methods).ToArray();
        var custom = methods.Where(m => m.Http is not null).Select(m => new HttpRoute(m, m.Http!.Verb, m.Http.Path, isStandard: false)).ToArray();
        Check(custom);
        Routes = [.. methods.SelectMany(HttpRoute.StandardOf), .. custom];
        _services = catalog.Services.GroupBy(s => s.Name).ToFrozenDictionary(g => g.Key, g => g.Select(s => new Version(s)).ToArray()).GetAlternateLookup<ReadOnlySpan<char>>();

        // A literal is more telling than a placeholder, from left to right.
        Array.Sort(custom, (a, b) => string.CompareOrdinal(Shape(a, "\uffff"), Shape(b, "\uffff")));
        _custom = custom.Where(r => r.Segments[0][0] != '{').GroupBy(r => r.Segments[0]).ToFrozenDictionary(g => g.Key, g => g.ToArray()).GetAlternateLookup<ReadOnlySpan<char>>();
        _customAnywhere = [.. custom.Where(r => r.Segments[0][0] == '{')];
    }

    /// <summary>All routes: the standard ones in the catalog's order, then those that contracts name.</summary>
    public IReadOnlyList<HttpRoute> Routes { get; }

    /// <summary>Finds the route of a request.</summary>
    /// <param name="verb">The HTTP method.</param>
    /// <param name="path">The path as sent, still encoded, without the query.</param>
    /// <param name="version">The <c>Api-Version</c> header, or null.</param>
    /// <param name="match">The route, or why there is none.</param>
    /// <returns>False when the address is not ours to answer.</returns>
    internal bool TryMatch(string verb, ReadOnlySpan<char> path, string? version, out RouteMatch match) =>
        TryMatchStandard(Root, verb, path, version, out match) || TryMatchCustom(verb, path, out match);

    /// <summary>The same for the standard addresses only, below another root than <c>/rpc/</c>.</summary>
    internal bool TryMatchStandard(string root, string verb, ReadOnlySpan<char> path, string? version, out RouteMatch match)
    {
        if (path.StartsWith(root, StringComparison.Ordinal))
        {
            var number = 1;
            if (version is not null && (!int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number < 1))
            {
                match = new RouteMatch { Status = 400, Problem = $"Api-Version: '{version}' is no version; write a number, 1 or higher" };
                return true;
            }

            match = MatchStandard(root, verb, path[root.Length..], number);
            return true;
        }

        if (path.StartsWith("/v", StringComparison.Ordinal) && path[2..].IndexOf('/') is var slash and > 0 && path[(2 + slash)..].StartsWith(root, StringComparison.Ordinal)
            && int.TryParse(path.Slice(2, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var named))
        {
            match = MatchStandard(root, verb, path[(2 + slash + root.Length)..], named);
            return true;
        }

        match = default;
        return false;
    }

    private static RouteMatch NotFound(string problem) => new() { Status = 404, Problem = problem };

    private RouteMatch MatchStandard(string root, string verb, ReadOnlySpan<char> path, int version)
    {
        var first = path.IndexOf('/');
        var last = path.LastIndexOf('/');
        if (first <= 0 || last == first || last == path.Length - 1) return NotFound($"write {root}{{service}}/{{key}}/{{Method}}");
        var name = path[..first];
        var key = path[(first + 1)..last];
        if (key.IndexOf('/') >= 0) return NotFound($"write {root}{{service}}/{{key}}/{{Method}}; a slash within the key is %2F");
        if (!_services.TryGetValue(name, out var versions)) return NotFound($"there is no service '{name}'; /openapi.json has those there are");
        Version? found = null;
        foreach (var candidate in versions)
        {
            if (candidate.Number == version) found = candidate;
        }

        if (found is null) return NotFound($"'{name}' has no version {version}, but {string.Join(", ", versions.Select(v => v.Number))}; write /v{versions[^1].Number}{root}{name}/...");
        if (!found.Methods.TryGetValue(path[(last + 1)..], out var method)) return NotFound($"'{name}' version {version} has no method '{path[(last + 1)..]}'; /openapi.json has those there are");
        if (!PercentText.TryDecode(key, plusIsSpace: false, out var decoded) || decoded.Length == 0)
            return new RouteMatch { Status = 400, Problem = "the key in the address is empty or not percent-encoded UTF-8" };

        var route = verb == "POST" ? method.Post : verb == "GET" ? method.Get : null;
        return route is null ? WrongVerb(verb, method.Allow) : new RouteMatch { Route = route, Key = decoded };
    }

    private static RouteMatch WrongVerb(string verb, string allow) => new() { Status = 405, Allow = allow, Problem = $"{verb} does not work here; use {allow}" };

    private bool TryMatchCustom(string verb, ReadOnlySpan<char> path, out RouteMatch match)
    {
        match = default;
        if (path.Length < 2) return false;
        var end = path[1..].IndexOf('/');
        var first = end < 0 ? path[1..] : path[1..(end + 1)];
        _custom.TryGetValue(first, out var candidates);
        var found = Search(candidates, verb, path, ref match) || Search(_customAnywhere, verb, path, ref match);
        return found || match.Status != 0;
    }

    private static bool Search(HttpRoute[]? candidates, string verb, ReadOnlySpan<char> path, ref RouteMatch match)
    {
        foreach (var route in candidates ?? [])
        {
            if (!Fits(route, path)) continue;
            if (route.Verb != verb)
            {
                if (match.Status is 0 or 405) match = WrongVerb(verb, match.Allow is null ? route.Verb : $"{match.Allow}, {route.Verb}");
                continue;
            }

            match = Extract(route, path);
            return true;
        }

        return false;
    }

    private static bool Fits(HttpRoute route, ReadOnlySpan<char> path)
    {
        path = path[1..];
        for (var i = 0; i < route.Segments.Length; i++)
        {
            var last = i == route.Segments.Length - 1;
            var end = path.IndexOf('/');
            if (last != end < 0) return false;
            var part = last ? path : path[..end];
            var segment = route.Segments[i];
            if (segment[0] == '{' ? part.IsEmpty : !part.SequenceEqual(segment)) return false;
            if (!last) path = path[(end + 1)..];
        }

        return true;
    }

    private static RouteMatch Extract(HttpRoute route, ReadOnlySpan<char> path)
    {
        string? key = null;
        List<KeyValuePair<string, string>>? arguments = null;
        path = path[1..];
        foreach (var segment in route.Segments)
        {
            var end = path.IndexOf('/');
            var part = end < 0 ? path : path[..end];
            path = end < 0 ? default : path[(end + 1)..];
            if (segment[0] != '{') continue;
            if (!PercentText.TryDecode(part, plusIsSpace: false, out var value)) return new RouteMatch { Status = 400, Problem = $"{segment} in the address is not percent-encoded UTF-8" };
            if (segment == "{key}")
            {
                key = value;
            }
            else
            {
                (arguments ??= []).Add(new(segment[1..^1], value));
            }
        }

        return new RouteMatch { Route = route, Key = key, Arguments = arguments };
    }

    private static string Shape(HttpRoute route, string placeholder) => string.Join('/', route.Segments.Select(s => s[0] == '{' ? placeholder : s));

    private static void Check(HttpRoute[] custom)
    {
        var seen = new Dictionary<string, HttpRoute>(StringComparer.Ordinal);
        foreach (var route in custom)
        {
            if (route.Segments.Any(s => s.Length == 0)) throw new InvalidOperationException($"The route '{route}' of {route.Method} has an empty segment. Write one like GET /users/{{key}}.");
            if (route.Segments[0] is "rpc" || (route.Segments.Length > 1 && route.Segments[1] == "rpc")) throw new InvalidOperationException($"The route '{route}' of {route.Method} lies within /rpc, where the standard routes are. Choose another path.");
            if (!seen.TryAdd($"{route.Verb} {Shape(route, "{}")}", route)) throw new InvalidOperationException($"Two methods have the route '{route}': {seen[$"{route.Verb} {Shape(route, "{}")}"].Method} and {route.Method}. Change one in [RpcMethod(Http = ...)].");
        }
    }

    private sealed class Version(RpcService service)
    {
        public int Number { get; } = service.Version;

        public FrozenDictionary<string, Addresses>.AlternateLookup<ReadOnlySpan<char>> Methods { get; } =
            service.Methods.ToFrozenDictionary(m => m.Name, m => new Addresses(m)).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    private sealed class Addresses
    {
        public Addresses(RpcMethod method)
        {
            foreach (var route in HttpRoute.StandardOf(method))
            {
                if (route.Verb == "POST") Post = route;
                else Get = route;
            }

            Allow = Get is null ? "POST" : "GET, POST";
        }

        public HttpRoute? Post { get; }

        public HttpRoute? Get { get; }

        public string Allow { get; }
    }
}
