using System.Diagnostics.CodeAnalysis;

namespace Granary.Gateway.Authorization;

/// <summary>Which keys belong to a caller: <c>{sub}</c>, <c>{tenant}/*</c>. Compared character by character. Immutable.</summary>
internal sealed class KeyTemplate
{
    private readonly (bool IsClaim, string Text)[] _parts;
    private readonly bool _isOpen;

    private KeyTemplate((bool, string)[] parts, bool isOpen)
    {
        _parts = parts;
        _isOpen = isOpen;
    }

    /// <summary>Reads one, or says what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out KeyTemplate? template, [NotNullWhen(false)] out string? problem)
    {
        template = null;
        problem = "is no pattern for keys; text, {sub} and {tenant}, and one '*' at the end are accepted, for example {sub} or {tenant}/*";
        var isOpen = text.EndsWith('*');
        var rest = isOpen ? text.AsSpan(0, text.Length - 1) : text;
        List<(bool IsClaim, string Text)> parts = [];
        while (!rest.IsEmpty)
        {
            var end = rest[0] == '{' ? rest.IndexOf('}') + 1 : rest.IndexOf('{') is var brace and >= 0 ? brace : rest.Length;
            if (end == 0) return false;
            var part = rest[..end].ToString();
            rest = rest[end..];
            var isClaim = part[0] == '{';
            if (isClaim ? part is not ("{sub}" or "{tenant}") : part.AsSpan().ContainsAny("*}")) return false;
            if (isClaim && parts.Count > 0 && parts[^1].IsClaim)
            {
                problem = "has two parts of the caller without anything between them; with a separator one cannot pass for the other, for example {tenant}/{sub}";
                return false;
            }

            parts.Add((isClaim, part));
        }

        if (parts.Count == 0) return false;
        if (isOpen && parts[^1].IsClaim)
        {
            problem = "has '*' right behind a part of the caller: 'ann' would own what 'anna' has. Write a separator, for example {sub}/*";
            return false;
        }

        (template, problem) = (new KeyTemplate([.. parts], isOpen), null);
        return true;
    }

    /// <summary>Whether the key is one of the caller's.</summary>
    public bool Fits(CallerIdentity caller, ReadOnlySpan<char> key)
    {
        for (var i = 0; i < _parts.Length; i++)
        {
            var (isClaim, text) = _parts[i];
            if (isClaim)
            {
                text = (text == "{sub}" ? caller.Subject : caller.Tenant)!;
                if (string.IsNullOrEmpty(text)) return false;

                // A subject that has the separator in it would own what belongs to others.
                if (i + 1 < _parts.Length && text.Contains(_parts[i + 1].Text[0], StringComparison.Ordinal)) return false;
            }

            if (!key.StartsWith(text, StringComparison.Ordinal)) return false;
            key = key[text.Length..];
        }

        return _isOpen ? key.Length > 0 : key.IsEmpty;
    }
}
