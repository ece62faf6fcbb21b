using FsCheck;
using FsCheck.Fluent;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Messages;

/// <summary>Random messages of each contract, with what is hard more often than chance would have it.</summary>
internal static class AnyMessage
{
    private static readonly Gen<Color> s_color = Gen.Elements([Color.None, Color.Red, Color.Blue, Color.Minus, (Color)99]);

    private static readonly Gen<int> s_int = AnyValue.Longs.Select(l => (int)l);

    // One NaN and no -0: JSON keeps no other NaN, and protoc's C# (unlike its C++ and Java) leaves -0 out. Minus_zero_is_not_the_default has the exception.
    private static readonly Gen<double> s_double = AnyValue.Doubles.Select(Plain);

    public static Gen<Leaf> Leaf { get; } = AnyValue.Text.SelectMany(name => s_int.Select(weight => new Leaf(name, weight)));

    public static Gen<Scalars> Scalars { get; } =
        from flag in Gen.Elements([true, false])
        from number in s_int
        from large in AnyValue.Longs
        from wide in s_double
        from text in AnyValue.Text
        from data in AnyValue.Bytes
        from color in s_color
        from identity in AnyValue.Guids
        from price in AnyValue.Decimals
        from moment in AnyValue.Times
        from time in AnyValue.Durations
        select new Scalars
        {
            Flag = flag,
            Number = number,
            Large = large,
            Positive = (uint)number,
            LargePositive = (ulong)large,
            Narrow = (float)Plain((float)wide),
            Wide = wide,
            Text = text,
            Data = data,
            Color = color,
            Identity = identity,
            Price = price,
            Moment = moment,
            Time = time,
            Far = Plain(-wide),
        };

    public static Gen<Optionals> Optionals { get; } =
        from s in Scalars
        from leaf in Leaf
        from present in Gen.Choose(0, (1 << 15) - 1)
        select new Optionals
        {
            Flag = Has(present, 0) ? s.Flag : null,
            Number = Has(present, 1) ? s.Number : null,
            Large = Has(present, 2) ? s.Large : null,
            Positive = Has(present, 3) ? s.Positive : null,
            LargePositive = Has(present, 4) ? s.LargePositive : null,
            Narrow = Has(present, 5) ? s.Narrow : null,
            Wide = Has(present, 6) ? s.Wide : null,
            Text = Has(present, 7) ? s.Text : null,
            Data = Has(present, 8) ? s.Data : null,
            Color = Has(present, 9) ? s.Color : null,
            Identity = Has(present, 10) ? s.Identity : null,
            Price = Has(present, 11) ? s.Price : null,
            Moment = Has(present, 12) ? new DateTimeOffset(s.Moment) : null,
            Time = Has(present, 13) ? s.Time : null,
            Leaf = Has(present, 14) ? leaf : null,
        };

    public static Gen<Lists> Lists { get; } =
        from longs in AnyValue.Longs.ListOf()
        from wides in s_double.ListOf()
        from texts in AnyValue.Text.ListOf()
        from datas in AnyValue.Bytes.ListOf()
        from colors in s_color.ListOf()
        from leaves in Leaf.ListOf()
        from moments in AnyValue.Times.ListOf()
        from identities in AnyValue.Guids.ListOf()
        select new Lists
        {
            Flags = [.. longs.Select(l => l > 0)],
            Numbers = [.. longs.Select(l => (int)l)],
            Larges = [.. longs],
            Positives = [.. longs.Select(l => (uint)l)],
            LargePositives = [.. longs.Select(l => (ulong)l)],
            Narrows = [.. wides.Select(w => (float)Plain((float)w))],
            Wides = [.. wides],
            Texts = [.. texts],
            Datas = [.. datas],
            Colors = [.. colors],
            Leaves = [.. leaves],
            Moments = [.. moments],
            Identities = [.. identities],
        };

    public static Gen<Maps> Maps { get; } =
        from longs in AnyValue.Longs.ListOf()
        from texts in AnyValue.Text.ListOf()
        from leaf in Leaf
        from color in s_color
        from wide in s_double
        from data in AnyValue.Bytes
        select new Maps
        {
            Numbers = texts.Distinct().ToDictionary(t => t, t => t.Length - 1),
            Texts = longs.Select(l => (int)l).Distinct().ToDictionary(i => i, i => texts.FirstOrDefault() ?? ""),
            Leaves = longs.Distinct().ToDictionary(l => l, _ => leaf),
            Colors = texts.Distinct().ToDictionary(t => t, _ => color),
            Wides = longs.Select(l => l > 0).Distinct().ToDictionary(b => b, _ => wide),
            Datas = texts.Distinct().ToDictionary(t => t, _ => data),
        };

    public static Gen<Tree> Tree { get; } = TreeOf(3);

    public static Gen<Drawing> Drawing { get; } =
        from first in Shape.OrNull()
        from shapes in Shape.ListOf()
        select new Drawing { First = first, Shapes = [.. shapes] };

    private static Gen<Shape> Shape => Gen.OneOf(
        s_double.Select(r => (Shape)new Circle(r)),
        s_double.SelectMany(s => Leaf.OrNull().Select(l => (Shape)new Square(s, l))));

    private static Gen<Tree> TreeOf(int depth)
    {
        var name = AnyValue.Text;
        if (depth == 0) return name.Select(n => new Tree { Name = n });
        return from n in name
               from left in TreeOf(depth - 1).OrNull()
               from right in TreeOf(depth - 1).OrNull()
               from branches in Gen.Choose(0, 2).SelectMany(count => TreeOf(depth - 1).ListOf(count))
               select new Tree { Name = n, Left = left, Right = right, Branches = [.. branches] };
    }

    private static double Plain(double value) => double.IsNaN(value) ? double.NaN : value == 0 ? 0 : value;

    private static bool Has(int present, int bit) => (present >> bit & 1) != 0;
}
