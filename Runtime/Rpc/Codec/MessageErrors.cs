using Granary.Rpc;

namespace Granary.Codec;

/// <summary>Errors that generated codecs throw when what is sent cannot be: the sender's mistakes, so no <see cref="WireFormatException"/> but the last.</summary>
public static class MessageErrors
{
    /// <summary>A list or dictionary holds null, for which protobuf has no form.</summary>
    /// <param name="member">The member that holds the collection, for example <c>Order.lines</c>.</param>
    public static ArgumentException NullElement(string member) =>
        new($"{member} contains null, which cannot be sent. Leave such elements out.");

    /// <summary>A method whose result is declared not to be null returned null.</summary>
    /// <param name="method">The method, for example <c>IOrdersGrain.Get</c>.</param>
    public static InvalidOperationException NullResult(string method) =>
        new($"{method} returned null, although its result is declared not to be. Return a value, or declare the result nullable.");

    /// <summary>An object is of a type derived from the one that the contract names.</summary>
    public static ArgumentException Derived(Type expected, Type actual) =>
        new($"A {actual} cannot be sent as a {expected}: what {actual.Name} adds would be lost. Add [Union(n, typeof({actual.Name}))] to {expected.Name}, or send a {expected.Name} itself.");

    /// <summary>A call that has a streamed argument came without one.</summary>
    public static WireFormatException MissingStream(ref WireReader reader) => new($"the streamed argument ({nameof(IRpcStreamSource)}) is missing", reader.Position);
}
