using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>Says hello to the person the key names, and shows who the grain believes is calling.</summary>
[RpcService("greeter", Owner = "platform")]
public interface IGreeterGrain : IGrainWithStringKey
{
    /// <summary>A greeting for anyone, with or without a token.</summary>
    [ReadOnly]
    [RpcAllowAnonymous]
    [RpcMethod(Http = "GET /hello/{key}")]
    Task<string> Hello(CancellationToken ct = default);

    /// <summary>A greeting that names its sender: the authenticated caller. Counts the greetings since the grain was activated.</summary>
    /// <param name="message">What to pass on, up to 200 characters.</param>
    Task<Greeting> Greet(string message = "hello", CancellationToken ct = default);
}

/// <summary>One greeting.</summary>
[GenerateSerializer, Immutable]
public sealed record Greeting
{
    /// <summary>The whole text.</summary>
    [Id(0)]
    public required string Text { get; init; }

    /// <summary>The caller's subject, as the gateway authenticated it; absent for calls that began inside the cluster.</summary>
    [Id(1)]
    public string? From { get; init; }

    /// <summary>How many greetings this activation has passed on, this one included.</summary>
    [Id(2)]
    public int Count { get; init; }
}
