using System.Collections.Frozen;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authorization;

/// <summary>The rules of the configuration, by method. Immutable.</summary>
internal sealed class AuthorizationRules
{
    private static readonly MethodRule[] s_none = [];
    private readonly FrozenDictionary<RpcMethod, MethodRule[]> _rules;

    /// <exception cref="OptionsValidationException">A rule is about no method there is.</exception>
    public AuthorizationRules(RpcCatalog catalog, IOptions<GatewayOptions> options)
    {
        var methods = catalog.Services.SelectMany(s => s.Methods).ToArray();
        var found = new Dictionary<RpcMethod, List<MethodRule>>();
        List<string> faults = [];
        for (var i = 0; i < options.Value.Authorization.Rules.Count; i++)
        {
            var rule = options.Value.Authorization.Rules[i];
            var compiled = new MethodRule(rule);
            foreach (var pattern in rule.Methods)
            {
                var meant = methods.Where(m => IsMeant(pattern, m)).ToArray();
                if (meant.Length == 0) faults.Add($"Granary:Authorization:Rules:{i}:Methods holds '{pattern}', and there is no such method: the rule would protect nothing. 'granary routes' lists the methods, as service/Method.");
                foreach (var method in meant)
                {
                    if (!found.TryGetValue(method, out var rules)) found[method] = rules = [];
                    if (!rules.Contains(compiled)) rules.Add(compiled);
                }
            }
        }

        if (faults.Count > 0) throw new OptionsValidationException(nameof(GatewayOptions), typeof(GatewayOptions), faults);
        _rules = found.ToFrozenDictionary(f => f.Key, f => f.Value.ToArray());
    }

    /// <summary>The rules about a method.</summary>
    public MethodRule[] Of(RpcMethod method) => _rules.GetValueOrDefault(method, s_none);

    /// <summary>What is wrong with a rule, or null.</summary>
    public static string? Problem(AuthorizationRule rule)
    {
        if (rule.Methods.Count == 0) return "has no Methods; write which it is about, for example users/* or users/Remove";
        if (rule.Methods.FirstOrDefault(m => m != "*" && !IsPattern(m)) is { } wrong) return $"has '{wrong}' in Methods; service/Method is accepted, with '*' for either, or '*' alone";
        if (!rule.Deny && rule.Roles.Count == 0 && rule.Scopes.Count == 0 && string.IsNullOrEmpty(rule.Policy) && string.IsNullOrEmpty(rule.Key)) return "asks for nothing; write Roles, Scopes, Policy, Key or Deny";
        if (rule.Roles.Concat(rule.Scopes).Concat(rule.Except).Any(string.IsNullOrWhiteSpace)) return "has an empty text among its Roles, Scopes or Except; take it out";
        return !string.IsNullOrEmpty(rule.Key) && !KeyTemplate.TryParse(rule.Key, out _, out var problem) ? $"has the Key '{rule.Key}', which {problem}" : null;
    }

    private static bool IsPattern(string pattern)
    {
        var parts = pattern.Split('/');
        return parts.Length == 2 && parts.All(p => p == "*" || (p.Length > 0 && !p.Contains('*', StringComparison.Ordinal)));
    }

    private static bool IsMeant(string pattern, RpcMethod method)
    {
        if (pattern == "*") return true;
        var parts = pattern.Split('/');

        // Not to be got around by another spelling.
        return (parts[0] == "*" || parts[0].Equals(method.Service.Name, StringComparison.OrdinalIgnoreCase)) && (parts[1] == "*" || parts[1].Equals(method.Name, StringComparison.OrdinalIgnoreCase));
    }
}

/// <summary>A rule in effect. Immutable.</summary>
internal sealed class MethodRule(AuthorizationRule rule)
{
    private readonly string[] _except = [.. rule.Except];

    public bool Deny { get; } = rule.Deny;

    public IReadOnlyList<string> Roles { get; } = [.. rule.Roles];

    public IReadOnlyList<string> Scopes { get; } = [.. rule.Scopes];

    public string? Policy { get; } = string.IsNullOrEmpty(rule.Policy) ? null : rule.Policy;

    public KeyTemplate? Key { get; } = !string.IsNullOrEmpty(rule.Key) && KeyTemplate.TryParse(rule.Key, out var key, out _) ? key : null;

    public bool Binds(CallerIdentity caller)
    {
        foreach (var role in _except)
        {
            if (caller.IsInRole(role)) return false;
        }

        return true;
    }
}
