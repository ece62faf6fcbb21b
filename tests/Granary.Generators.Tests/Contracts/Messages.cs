using System.Collections.Immutable;
using Granary.Rpc;
using Orleans;

namespace Granary.Generators.Tests.Contracts;

public enum Tone : byte
{
    None,
    Calm,
    Loud,
}

/// <summary>Positional, with a default and a member of its own.</summary>
[GenerateSerializer]
public sealed record Person(string Name, int Age, string Country = "NL")
{
    [Id(3)]
    public List<string> Tags { get; init; } = ["new"];

    [Id(4)]
    public Tone Tone { get; init; } = Tone.Calm;
}

/// <summary>Nothing in it can change.</summary>
[GenerateSerializer]
public sealed record Point([property: Id(5)] int X, [property: Id(6)] int Y);

[GenerateSerializer]
public class Animal
{
    [Id(0)]
    public required string Name { get; set; }
}

[GenerateSerializer]
public sealed class Dog : Animal
{
    [Id(1)]
    public byte Barks { get; set; }
}

[GenerateSerializer]
public sealed class Page<T>
{
    [Id(0)]
    public List<T> Items { get; set; } = [];

    [Id(1)]
    public T? Last { get; set; }
}

[GenerateSerializer]
public sealed class Node
{
    [Id(0)]
    public int Value { get; set; }

    [Id(1)]
    public Node? Next { get; set; }

    [Id(2)]
    public List<Node> Children { get; set; } = [];
}

[Union(0, typeof(Circle))]
[Union(4, typeof(Square))]
public abstract class Figure;

[GenerateSerializer]
public sealed class Circle : Figure
{
    [Id(0)]
    public double Radius { get; set; }

    [Id(1)]
    public List<int> Marks { get; set; } = [];
}

[GenerateSerializer]
public sealed class Square : Figure
{
    [Id(0)]
    public double Side { get; set; }
}

/// <summary>A class that is only built by its constructor.</summary>
[GenerateSerializer]
public sealed class Money(decimal amount, string currency)
{
    [Id(0)]
    public decimal Amount { get; } = amount;

    [Id(1)]
    public string Currency { get; } = currency;
}

[GenerateSerializer]
public struct Span
{
    [Id(0)]
    public int From;

    [Id(1)]
    public int[] Steps;
}

[GenerateSerializer]
public sealed class Everything
{
    [Id(0)]
    public Person? Person { get; set; }

    [Id(1)]
    public Figure? Figure { get; set; }

    [Id(2)]
    public Dictionary<string, Point> Points { get; set; } = [];

    [Id(3)]
    public HashSet<int> Numbers { get; set; } = [];

    [Id(4)]
    public ImmutableArray<string> Words { get; set; } = [];

    [Id(5)]
    public IReadOnlyList<Dog> Dogs { get; set; } = [];

    [Id(6)]
    public ReadOnlyMemory<byte> Memory { get; set; }

    [Id(7)]
    public Span Span { get; set; }

    [Id(8)]
    public Money Money { get; set; } = new(0, "EUR");

    [Id(9)]
    public DateOnly Day { get; set; }

    [Id(10)]
    public TimeOnly Hour { get; set; }

    [Id(11)]
    public short? Small { get; set; }

    [Id(12)]
    public char Letter { get; set; }

    [Id(13)]
    public Tone[] Tones { get; set; } = [];

    [Id(14)]
    public Page<Point> Page { get; set; } = new();

    [Id(16)]
    public Span? MaybeSpan { get; set; }

    [Id(17)]
    [Immutable]
    public List<int> Shared { get; set; } = [];

    [Id(18)]
    public Dictionary<long, Dog>? Kennel { get; set; }

    [Id(19)]
    public int @class { get; set; }

    [Id(20)]
    public Orleans.Runtime.GrainId Grain { get; set; }
}
