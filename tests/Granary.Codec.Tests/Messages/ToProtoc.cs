using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Granary.Codec.Tests.Contracts;

namespace Granary.Codec.Tests.Messages;

/// <summary>Our messages as those of protoc's code, field by field.</summary>
internal static class ToProtoc
{
    public static Protoc.Scalars Protoc(this Scalars v) => new()
    {
        Flag = v.Flag,
        Number = v.Number,
        Large = v.Large,
        Positive = v.Positive,
        LargePositive = v.LargePositive,
        Narrow = v.Narrow,
        Wide = v.Wide,
        Text = v.Text,
        Data = ByteString.CopyFrom(v.Data),
        Color = (Protoc.Color)v.Color,
        Identity = v.Identity == Guid.Empty ? "" : v.Identity.ToString(),
        Price = v.Price == 0 && v.Price.Scale == 0 ? "" : v.Price.ToString(CultureInfo.InvariantCulture),
        Moment = Timestamp.FromDateTime(v.Moment),
        Time = Duration.FromTimeSpan(v.Time),
        Far = v.Far,
    };

    public static Protoc.Optionals Protoc(this Optionals v)
    {
        var to = new Protoc.Optionals();
        if (v.Flag is { } flag) to.Flag = flag;
        if (v.Number is { } number) to.Number = number;
        if (v.Large is { } large) to.Large = large;
        if (v.Positive is { } positive) to.Positive = positive;
        if (v.LargePositive is { } largePositive) to.LargePositive = largePositive;
        if (v.Narrow is { } narrow) to.Narrow = narrow;
        if (v.Wide is { } wide) to.Wide = wide;
        if (v.Text is { } text) to.Text = text;
        if (v.Data is { } data) to.Data = ByteString.CopyFrom(data);
        if (v.Color is { } color) to.Color = (Protoc.Color)color;
        if (v.Identity is { } identity) to.Identity = identity.ToString();
        if (v.Price is { } price) to.Price = price.ToString(CultureInfo.InvariantCulture);
        if (v.Moment is { } moment) to.Moment = Timestamp.FromDateTimeOffset(moment);
        if (v.Time is { } time) to.Time = Duration.FromTimeSpan(time);
        if (v.Leaf is { } leaf) to.Leaf = leaf.Protoc();
        return to;
    }

    public static Protoc.Leaf Protoc(this Leaf v) => new() { Name = v.Name, Weight = v.Weight };

    public static Protoc.Lists Protoc(this Lists v)
    {
        var to = new Protoc.Lists();
        to.Flags.Add(v.Flags);
        to.Numbers.Add(v.Numbers);
        to.Larges.Add(v.Larges);
        to.Positives.Add(v.Positives);
        to.LargePositives.Add(v.LargePositives);
        to.Narrows.Add(v.Narrows);
        to.Wides.Add(v.Wides);
        to.Texts.Add(v.Texts);
        to.Datas.Add(v.Datas.Select(d => ByteString.CopyFrom(d)));
        to.Colors.Add(v.Colors.Select(c => (Protoc.Color)c));
        to.Leaves.Add(v.Leaves.Select(l => l.Protoc()));
        to.Moments.Add(v.Moments.Select(Timestamp.FromDateTime));
        to.Identities.Add(v.Identities.Select(i => i.ToString()));
        return to;
    }

    public static Protoc.Maps Protoc(this Maps v)
    {
        var to = new Protoc.Maps();
        to.Numbers.Add(v.Numbers);
        to.Texts.Add(v.Texts.ToDictionary());
        to.Leaves.Add(v.Leaves.ToDictionary(p => p.Key, p => p.Value.Protoc()));
        to.Colors.Add(v.Colors.ToDictionary(p => p.Key, p => (Protoc.Color)p.Value));
        to.Wides.Add(v.Wides);
        to.Datas.Add(v.Datas.ToDictionary(p => p.Key, p => ByteString.CopyFrom(p.Value)));
        return to;
    }

    public static Protoc.Tree Protoc(this Tree v)
    {
        var to = new Protoc.Tree { Name = v.Name, Left = v.Left?.Protoc(), Right = v.Right?.Protoc() };
        to.Branches.Add(v.Branches.Select(b => b.Protoc()));
        return to;
    }

    public static Protoc.Drawing Protoc(this Drawing v)
    {
        var to = new Protoc.Drawing { First = v.First?.Protoc() };
        to.Shapes.Add(v.Shapes.Select(s => s.Protoc()));
        return to;
    }

    public static Protoc.Shape Protoc(this Shape v) => v switch
    {
        Circle circle => new Protoc.Shape { Circle = new Protoc.Circle { Radius = circle.Radius } },
        Square square => new Protoc.Shape { Square = new Protoc.Square { Side = square.Side, Label = square.Label?.Protoc() } },
        _ => throw new ArgumentException(v.GetType().ToString(), nameof(v)),
    };
}
