using Granary.Rpc;
using Orleans;

namespace Granary.Samples;

/// <summary>One activation for each person greeted; the count lives as long as it does.</summary>
public sealed class GreeterGrain : Grain, IGreeterGrain
{
    private const int LongestMessage = 200;
    private int _greetings;

    public Task<string> Hello(CancellationToken ct) => Task.FromResult($"Hello, {this.GetPrimaryKeyString()}!");

    public Task<Greeting> Greet(string message, CancellationToken ct)
    {
        if (message.Length > LongestMessage)
        {
            throw RpcException.Invalid("message", $"has {message.Length} characters; at most {LongestMessage} are passed on");
        }

        var from = Caller.Subject;
        return Task.FromResult(new Greeting
        {
            Text = $"{this.GetPrimaryKeyString()}, {from ?? "somebody"} says {message}",
            From = from,
            Count = ++_greetings,
        });
    }
}
