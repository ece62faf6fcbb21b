using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Contracts.Tests.Support;

/// <summary>Everything that a contract can have, to be written as protobuf.</summary>
/// <remarks>Only the summary is printed.</remarks>
[RpcService("everything", Package = "acme.contracts")]
public interface IEverythingGrain : IGrainWithStringKey
{
    /// <summary>
    /// Takes every scalar.
    /// On two lines, with "quotes" and a */ in it.
    /// </summary>
    [ReadOnly]
    Task<double> Scalars(
        bool flag, char letter, sbyte tiny, byte octet, short small, ushort smallPositive, int number, uint positive, long large, ulong largePositive, float narrow, double wide, decimal price, string text,
        Guid identity, DateTime moment, DateTimeOffset exactly, TimeSpan time, DateOnly day, TimeOnly hour, byte[] data, ReadOnlyMemory<byte> memory);

    [Idempotent]
    Task<int?> Optionals(int? number, string? text, Color? color, Leaf? leaf, DateTime? moment, int start = 40, Color shade = Color.Blue, string name = "a \"b\"");

    Task<List<Leaf>> Lists(List<int> numbers, string[] texts, HashSet<Color> colors, IReadOnlyList<Leaf> leaves, List<byte[]> datas, List<TimeSpan> times);

    Task<Dictionary<Guid, Leaf>> Maps(Dictionary<string, int> numbersByName, Dictionary<long, Color> colors, Dictionary<bool, string> texts, Dictionary<Guid, Leaf> leaves);

    Task<Shape> Draw(Shape shape, Shape? other, List<Shape> more);

    Task<Tree?> Grow(Tree tree);

    Task<Page<Leaf>> Turn(Page<Leaf> page, Page<int> numbers, Outer.Inner inner);

    Task Nothing();

    [OneWay]
    Task Forget(Marked marked);

    [Obsolete("Use Draw."), Sunset("2027-06-01")]
    Task<Weekday> Old(Weekday day);

    IAsyncEnumerable<long> Count(int to);

    Task<long> Sum(RpcStream<long> numbers, int start = 1);

    IAsyncEnumerable<Leaf> Rake(RpcStream<Leaf> leaves);

    Task<int> Lists2(RpcStream<List<string>> lists);

    Task<Elsewhere> Travel(Elsewhere from);

    Task<UserIDs> Names(int userID, string hTTPStatus, string snake_case, string x1);
}

/// <summary>On its way out.</summary>
[RpcService("everything", Version = 2, Package = "acme.contracts")]
[Obsolete("There is no third.")]
[Sunset("2028-01-31")]
public interface IEverythingV2Grain : IGrainWithIntegerKey
{
    /// <summary>As before.</summary>
    Task<Leaf> Keep(Leaf leaf);

    Task<Leaf> Post(Letter letter);
}

public enum Color
{
    None = 0,
    Red = 1,
    Blue = 7,
    Minus = -3,
}

/// <summary>Nothing is 0, and two are one.</summary>
public enum Weekday
{
    Monday = 1,
    Moonday = 1,
    Tuesday = 2,
}

/// <summary>A leaf.</summary>
[GenerateSerializer]
public sealed record Leaf([property: Id(0)] string Name, [property: Id(1)] int Weight);

[GenerateSerializer]
[Union(0, typeof(Circle))]
[Union(4, typeof(RoundedSquare))]
public abstract record Shape;

[GenerateSerializer]
public sealed record Circle([property: Id(0)] double Radius) : Shape;

[GenerateSerializer]
public sealed record RoundedSquare([property: Id(0)] double Side, [property: Id(1)] Leaf? Label) : Shape;

[GenerateSerializer]
public sealed class Tree
{
    /// <summary>How it is called.</summary>
    [Id(0)]
    public string Name { get; set; } = "";

    [Id(1)]
    public Tree? Left { get; set; }

    [Id(2)]
    public List<Tree> Branches { get; set; } = [];

    [Id(20)]
    [Obsolete("Count them.")]
    public int? Height { get; set; }
}

[GenerateSerializer]
public sealed record Page<T>([property: Id(0)] List<T> Items, [property: Id(1)] int Next);

public static class Outer
{
    [GenerateSerializer]
    public sealed class Inner
    {
        [Id(0)]
        public Deep Deep { get; set; }
    }

    public enum Deep
    {
        Shallow,
        Deepest,
    }
}

[GenerateSerializer]
[Alias("acme.contracts.v1.Labelled")]
public sealed class Marked
{
    [Id(0)]
    public string Text { get; set; } = "";
}

[GenerateSerializer]
[Alias("contracts.far.Elsewhere")]
public sealed class Elsewhere
{
    [Id(0)]
    public Weekday Day { get; set; }
}

[GenerateSerializer]
public sealed class UserIDs
{
    [Id(0)]
    public List<int> IDs { get; set; } = [];

    [Id(1)]
    public string FooBar { get; set; } = "";

    [Id(2)]
    public string Foo_Bar { get; set; } = "";
}

[GenerateSerializer]
public sealed class Letter
{
    [RpcKey]
    [Id(0)]
    public long Number { get; set; }

    [Id(1)]
    public string To { get; set; } = "";
}
