using Granary.Cli.Contract;

namespace Granary.Cli.Bench;

/// <summary>What is called, how often and for how long.</summary>
/// <param name="Service">The service.</param>
/// <param name="Key">The key; <c>{i}</c> in it stands for a number below <see cref="Keys"/>.</param>
/// <param name="Method">The method.</param>
/// <param name="Arguments">Its arguments, a JSON object; <c>{i}</c> in it stands for the same number.</param>
internal sealed record LoadPlan(ServiceName Service, string Key, string Method, string Arguments)
{
    public const string Placeholder = "{i}";

    /// <summary>How many keys the calls are spread over.</summary>
    public required int Keys { get; init; }

    /// <summary>Calls at a time, at most.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Calls in a second; null for as many as there can be.</summary>
    public double? Rate { get; init; }

    /// <summary>For how long it is measured.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>For how long it is called before that.</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>Whether on HTTP/2.</summary>
    public bool Http2 { get; init; }

    /// <summary>What goes as <c>Request-Timeout</c>, or null.</summary>
    public string? Timeout { get; init; }
}
