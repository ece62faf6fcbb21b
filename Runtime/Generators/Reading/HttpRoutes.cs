using System.Globalization;
using Granary.Generators.Model;

namespace Granary.Generators.Reading;

/// <summary>Routes such as <c>GET /users/{key}</c>.</summary>
internal static class HttpRoutes
{
    private static readonly string[] s_verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    /// <summary>Splits a route into its method and path. Returns what is wrong with it, or null.</summary>
    public static string? Parse(string route, out string? verb, out string? path)
    {
        verb = path = null;
        var parts = route.Split([' '], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 2) return "write an HTTP method, a space and a path, for example \"GET /users/{key}\".";
        verb = parts[0];
        path = parts[1];
        if (!s_verbs.Contains(verb)) return $"'{verb}' is none of {string.Join(", ", s_verbs)}.";
        if (path[0] != '/' || path.Contains("//") || path.Contains('?') || path.Contains('#')) return "the path begins with a slash and holds no '//', '?' or '#'.";
        foreach (var segment in path.Split('/'))
        {
            var isPlaceholder = segment.Length > 2 && segment[0] == '{' && segment[segment.Length - 1] == '}' && !segment.Substring(1, segment.Length - 2).Any(c => c is '{' or '}');
            if (!isPlaceholder && (segment.Contains('{') || segment.Contains('}'))) return $"'{segment}' mixes text and a placeholder. A placeholder is a whole part between slashes.";
        }

        return null;
    }

    /// <summary>What is wrong between a route and its method, or null.</summary>
    public static string? Fault(string verb, string path, MethodModel method, MessageModel? keyed, bool isReadOnly)
    {
        var placeholders = Placeholders(path).ToArray();
        var twice = placeholders.GroupBy(p => p, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1)?.Key;
        if (twice is not null) return $"{{{twice}}} stands in it twice.";
        if (!placeholders.Contains("key") && keyed is null) return "it has no {key}, so nothing says which grain is called. Add {key}, or mark a member of the request [RpcKey].";
        foreach (var placeholder in placeholders.Where(p => p != "key"))
        {
            var fields = keyed?.Fields ?? method.Arguments;
            var field = fields.FirstOrDefault(a => a.JsonName == placeholder);
            if (field is null) return $"{{{placeholder}}} is no parameter. The parameters are {List(fields)}.";
            if (field.Type.Shape is not (Shape.Scalar or Shape.Enum)) return $"{{{placeholder}}} is no scalar, and a path holds only text. Leave it to the body.";
        }

        if (verb == "GET" && !isReadOnly) return "a GET must change nothing. Mark the method [ReadOnly], or use POST.";
        if (verb is "GET" or "DELETE")
        {
            if (method.Stream is not null) return $"a {verb} has no body for the stream. Use POST.";
            var body = (keyed?.Fields ?? method.Arguments).FirstOrDefault(a => a.Required && a.Type.Shape is not (Shape.Scalar or Shape.Enum) && !placeholders.Contains(a.JsonName));
            if (body is not null) return $"a {verb} has no body, and '{body.JsonName}' does not fit in a query. Use POST.";
        }

        return null;
    }

    /// <summary>The same text for routes that answer the same requests.</summary>
    public static string Normalize(string verb, string path) => verb + " " + string.Join("/", path.Split('/').Select(s => s.Length > 0 && s[0] == '{' ? "{}" : s.ToLowerInvariant()));

    private static IEnumerable<string> Placeholders(string path) => path.Split('/').Where(s => s.Length > 2 && s[0] == '{').Select(s => s.Substring(1, s.Length - 2));

    private static string List(EquatableArray<FieldModel> fields) => fields.Count == 0 ? "none" : string.Join(", ", fields.Select(a => a.JsonName));
}

/// <summary>Durations such as <c>2s</c>.</summary>
internal static class Durations
{
    /// <summary>Parses a positive number with <c>ms</c>, <c>s</c> or <c>m</c> into ticks of 100 ns.</summary>
    public static bool TryParse(string text, out long ticks)
    {
        ticks = 0;
        var (unit, scale) = text.EndsWith("ms", StringComparison.Ordinal) ? ("ms", TimeSpan.TicksPerMillisecond)
            : text.EndsWith("s", StringComparison.Ordinal) ? ("s", TimeSpan.TicksPerSecond)
            : text.EndsWith("m", StringComparison.Ordinal) ? ("m", TimeSpan.TicksPerMinute) : (string.Empty, 0L);
        if (scale == 0) return false;
        var number = text.Substring(0, text.Length - unit.Length);
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value <= 0 || value * scale > TimeSpan.TicksPerDay) return false;
        ticks = (long)(value * scale);
        return ticks > 0;
    }
}
