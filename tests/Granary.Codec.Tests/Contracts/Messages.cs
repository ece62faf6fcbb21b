using System.Collections.Immutable;
using Granary.Rpc;
using Orleans;

namespace Granary.Codec.Tests.Contracts;

public enum Color
{
    None = 0,
    Red = 1,
    Blue = 7,
    Minus = -3,
}

[GenerateSerializer]
public sealed class Scalars
{
    [Id(0)] public bool Flag { get; set; }

    [Id(1)] public int Number { get; set; }

    [Id(2)] public long Large { get; set; }

    [Id(3)] public uint Positive { get; set; }

    [Id(4)] public ulong LargePositive { get; set; }

    [Id(5)] public float Narrow { get; set; }

    [Id(6)] public double Wide { get; set; }

    [Id(7)] public string Text { get; set; } = "";

    [Id(8)] public byte[] Data { get; set; } = [];

    [Id(9)] public Color Color { get; set; }

    [Id(10)] public Guid Identity { get; set; }

    [Id(11)] public decimal Price { get; set; }

    [Id(12)] public DateTime Moment { get; set; } = DateTime.UnixEpoch;

    [Id(13)] public TimeSpan Time { get; set; }

    [Id(999)] public double Far { get; set; }
}

[GenerateSerializer]
public sealed record Optionals
{
    [Id(0)] public bool? Flag { get; init; }

    [Id(1)] public int? Number { get; init; }

    [Id(2)] public long? Large { get; init; }

    [Id(3)] public uint? Positive { get; init; }

    [Id(4)] public ulong? LargePositive { get; init; }

    [Id(5)] public float? Narrow { get; init; }

    [Id(6)] public double? Wide { get; init; }

    [Id(7)] public string? Text { get; init; }

    [Id(8)] public byte[]? Data { get; init; }

    [Id(9)] public Color? Color { get; init; }

    [Id(10)] public Guid? Identity { get; init; }

    [Id(11)] public decimal? Price { get; init; }

    [Id(12)] public DateTimeOffset? Moment { get; init; }

    [Id(13)] public TimeSpan? Time { get; init; }

    [Id(14)] public Leaf? Leaf { get; init; }
}

[GenerateSerializer]
public sealed record Leaf([property: Id(0)] string Name, [property: Id(1)] int Weight);

[GenerateSerializer]
public sealed class Lists
{
    [Id(0)] public List<bool> Flags { get; set; } = [];

    [Id(1)] public int[] Numbers { get; set; } = [];

    [Id(3)] public IReadOnlyList<long> Larges { get; set; } = [];

    [Id(4)] public ImmutableArray<uint> Positives { get; set; } = [];

    [Id(5)] public IList<ulong> LargePositives { get; set; } = [];

    [Id(6)] public ImmutableList<float> Narrows { get; set; } = [];

    [Id(7)] public List<double> Wides { get; set; } = [];

    [Id(8)] public List<string> Texts { get; set; } = [];

    [Id(9)] public List<byte[]> Datas { get; set; } = [];

    [Id(10)] public List<Color> Colors { get; set; } = [];

    [Id(11)] public Leaf[] Leaves { get; set; } = [];

    [Id(12)] public List<DateTime> Moments { get; set; } = [];

    [Id(13)] public HashSet<Guid> Identities { get; set; } = [];
}

[GenerateSerializer]
public sealed class Maps
{
    [Id(0)] public Dictionary<string, int> Numbers { get; set; } = [];

    [Id(1)] public IReadOnlyDictionary<int, string> Texts { get; set; } = ImmutableDictionary<int, string>.Empty;

    [Id(2)] public Dictionary<long, Leaf> Leaves { get; set; } = [];

    [Id(3)] public Dictionary<string, Color> Colors { get; set; } = [];

    [Id(4)] public Dictionary<bool, double> Wides { get; set; } = [];

    [Id(5)] public Dictionary<string, byte[]> Datas { get; set; } = [];
}

[GenerateSerializer]
public sealed class Tree
{
    [Id(0)] public string Name { get; set; } = "";

    [Id(1)] public Tree? Left { get; set; }

    [Id(2)] public Tree? Right { get; set; }

    [Id(3)] public List<Tree> Branches { get; set; } = [];
}

[GenerateSerializer]
[Union(0, typeof(Circle))]
[Union(1, typeof(Square))]
public abstract record Shape;

[GenerateSerializer]
public sealed record Circle([property: Id(0)] double Radius) : Shape;

[GenerateSerializer]
public sealed record Square([property: Id(0)] double Side, [property: Id(1)] Leaf? Label) : Shape;

[GenerateSerializer]
public sealed class Drawing
{
    [Id(0)] public Shape? First { get; set; }

    [Id(1)] public List<Shape> Shapes { get; set; } = [];
}

/// <summary>An earlier day of <see cref="PersonNew"/>.</summary>
[GenerateSerializer]
public sealed class PersonOld
{
    [Id(0)] public string Name { get; set; } = "";

    [Id(1)] public int Age { get; set; }
}

[GenerateSerializer]
public sealed class PersonNew
{
    [Id(0)] public string Name { get; set; } = "";

    [Id(1)] public int Age { get; set; }

    [Id(2)] public string? Email { get; set; }

    [Id(3)] public List<Leaf> Badges { get; set; } = [];

    [Id(4)] public Color Mood { get; set; }
}
