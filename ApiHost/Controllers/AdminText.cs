using Granary.Rpc;

namespace Granary.ApiHost.Controllers;

/// <summary>Texts of admin requests.</summary>
internal static class AdminText
{
    /// <exception cref="RpcException">It is absent, too long, or has control characters.</exception>
    public static void Check(string field, string? text, int most, bool mayBeAbsent = false)
    {
        if (text is null && mayBeAbsent) return;
        if (string.IsNullOrWhiteSpace(text) || text.Length > most || text.Any(char.IsControl)) throw RpcException.Invalid(field, $"must have 1 to {most} characters, without control characters");
    }

    /// <exception cref="RpcException">There are too many, or one is no name.</exception>
    public static IReadOnlyList<string> Names(string field, IReadOnlyList<string>? names)
    {
        if (names is null) return [];
        if (names.Count > 50) throw RpcException.Invalid(field, "has more than 50 entries");
        if (names.FirstOrDefault(n => n is null || n.Length is 0 or > 100 || n.Any(c => char.IsControl(c) || c is ',' or ' ')) is { } wrong) throw RpcException.Invalid(field, $"'{wrong}' must have 1 to 100 characters, without spaces and commas");
        return names.Contains(null!) ? throw RpcException.Invalid(field, "has an empty entry") : names;
    }

    /// <exception cref="RpcException">It is out of bounds.</exception>
    public static TimeSpan? Time(string field, double? count, TimeSpan unit, TimeSpan most)
    {
        if (count is not { } number) return null;
        return number > 0 && number * unit.TotalSeconds <= most.TotalSeconds ? unit * number : throw RpcException.Invalid(field, $"must be greater than 0, and {most.TotalSeconds / unit.TotalSeconds} at most");
    }
}
