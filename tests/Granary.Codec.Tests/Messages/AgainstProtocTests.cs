using FsCheck;
using Google.Protobuf;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Messages;

/// <summary>Generated codecs against protoc's code for the same schema: byte for byte what it writes, and everything it writes is read.</summary>
public sealed class AgainstProtocTests
{
    [Fact]
    public void Scalars_are_the_same_bytes() => AreTheSame(AnyMessage.Scalars, v => v.Protoc());

    [Fact]
    public void Optional_fields_are_the_same_bytes() => AreTheSame(AnyMessage.Optionals, v => v.Protoc());

    [Fact]
    public void Lists_are_the_same_bytes() => AreTheSame(AnyMessage.Lists, v => v.Protoc());

    [Fact]
    public void Recursive_messages_are_the_same_bytes() => AreTheSame(AnyMessage.Tree, v => v.Protoc());

    [Fact]
    public void Unions_are_the_same_bytes_as_a_oneof() => AreTheSame(AnyMessage.Drawing, v => v.Protoc());

    [Fact]
    public void Maps_hold_the_same_entries() => ForAll.Cases(AnyMessage.Maps, v =>
    {
        // The order of entries is nobody's promise, and protoc's C# leaves default keys and values out of an entry where its C++ writes them.
        var theirs = v.Protoc();
        Assert.Equal(theirs, Protoc.Maps.Parser.ParseFrom(Codecs.Encode(v)));
        Assert.Equal(theirs, Codecs.Decode<Maps>(theirs.ToByteArray()).Protoc());
    });

    [Fact]
    public void A_default_message_is_no_bytes_at_all()
    {
        Assert.Empty(Codecs.Encode(new Optionals()));
        Assert.Empty(Codecs.Encode(new Lists()));
        Assert.Empty(Codecs.Encode(new Maps()));
        Assert.Empty(Codecs.Encode(new PersonNew()));
    }

    [Fact]
    public void What_is_absent_decodes_to_the_default()
    {
        var scalars = Codecs.Decode<Scalars>([]);
        Assert.Equal("", scalars.Text);
        Assert.Empty(scalars.Data);
        Assert.Equal(0, scalars.Number);
        Assert.Equal(new Optionals(), Codecs.Decode<Optionals>([]));
        Assert.Empty(Codecs.Decode<Lists>([]).Leaves);
        Assert.Empty(Codecs.Decode<Maps>([]).Texts);
        Assert.Equal(new Leaf("", 0), Codecs.Decode<Leaf>([]));
    }

    [Fact]
    public void Minus_zero_is_not_the_default()
    {
        // As the specification has it, and protoc's C++ and Java; its C# writes nothing here, but reads it.
        var bytes = Codecs.Encode(new Circle(-0d));
        Assert.True(double.IsNegative(Protoc.Circle.Parser.ParseFrom(bytes).Radius));
        Assert.True(double.IsNegative(Codecs.Decode<Circle>(bytes).Radius));
    }

    [Fact]
    public void Lists_are_read_packed_or_not()
    {
        var packed = new Protoc.Lists();
        packed.Numbers.Add([1, -2, 300]);
        packed.Wides.Add([1.5, -0d]);
        packed.Colors.Add([Protoc.Color.Red, (Protoc.Color)99]);
        var unpacked = Wire.Theirs(o =>
        {
            foreach (var n in packed.Numbers)
            {
                o.WriteTag(2, WireFormat.WireType.Varint);
                o.WriteInt32(n);
            }

            foreach (var w in packed.Wides)
            {
                o.WriteTag(8, WireFormat.WireType.Fixed64);
                o.WriteDouble(w);
            }

            foreach (var c in packed.Colors)
            {
                o.WriteTag(11, WireFormat.WireType.Varint);
                o.WriteEnum((int)c);
            }
        });

        Assert.Equal(packed, Codecs.Decode<Lists>(packed.ToByteArray()).Protoc());
        Assert.Equal(packed, Codecs.Decode<Lists>(unpacked).Protoc());
        Assert.Equal(2 * packed.Numbers.Count, Codecs.Decode<Lists>([.. packed.ToByteArray(), .. unpacked]).Numbers.Length);
    }

    [Fact]
    public void The_last_of_a_field_given_twice_counts()
    {
        byte[] twice = [.. new Protoc.Leaf { Name = "first", Weight = 1 }.ToByteArray(), .. new Protoc.Leaf { Name = "second" }.ToByteArray()];
        Assert.Equal(new Leaf("second", 1), Codecs.Decode<Leaf>(twice));
        Assert.Equal(Protoc.Leaf.Parser.ParseFrom(twice), Codecs.Decode<Leaf>(twice).Protoc());
    }

    [Fact]
    public void A_map_entry_without_key_or_value_has_their_defaults()
    {
        byte[] empty = [0x0A, 0x00, 0x1A, 0x00];
        var maps = Codecs.Decode<Maps>(empty);
        Assert.Equal(Protoc.Maps.Parser.ParseFrom(empty), maps.Protoc());
        Assert.Equal(0, maps.Numbers[""]);
        Assert.Equal(new Leaf("", 0), maps.Leaves[0]);
    }

    [Fact]
    public void Unknown_fields_are_skipped_and_new_ones_absent_across_versions_of_a_contract()
    {
        var later = new PersonNew { Name = "Ada", Age = 36, Email = "a@b.c", Badges = [new Leaf("first", 1)], Mood = Color.Blue };
        var seenByOld = Codecs.Decode<PersonOld>(Codecs.Encode(later));
        Assert.Equal(("Ada", 36), (seenByOld.Name, seenByOld.Age));

        var seenByNew = Codecs.Decode<PersonNew>(Codecs.Encode(new PersonOld { Name = "Ada", Age = 36 }));
        Assert.Equal(("Ada", 36, null), (seenByNew.Name, seenByNew.Age, seenByNew.Email));
        Assert.Empty(seenByNew.Badges);
    }

    [Fact]
    public void A_field_of_another_wire_type_is_unknown_as_it_is_to_protoc()
    {
        // Field 1, a string, as four bytes.
        byte[] shaped = [0x0D, 1, 2, 3, 4, 0x10, 5];
        Assert.Equal(5, Codecs.Decode<PersonOld>(shaped).Age);
        Assert.Equal("", Codecs.Decode<PersonOld>(shaped).Name);
        Assert.Equal(5, Protoc.PersonOld.Parser.ParseFrom(shaped).Age);
    }

    [Fact]
    public void Enum_values_that_nobody_knows_survive()
    {
        var value = new PersonNew { Mood = (Color)12345 };
        Assert.Equal((Color)12345, Codecs.Decode<PersonNew>(Codecs.Encode(value)).Mood);
        Assert.Equal((Color)12345, Codecs.FromJson<PersonNew>(Codecs.ToJson(value)).Mood);
    }

    private static void AreTheSame<T>(Gen<T> values, Func<T, IMessage> protoc) => ForAll.Cases(values, v =>
    {
        var theirs = protoc(v);
        var bytes = theirs.ToByteArray();
        Assert.Equal(bytes, Codecs.Encode(v));
        Assert.Equal(theirs, protoc(Codecs.Decode<T>(bytes)));
        Assert.Equal(bytes, Codecs.Encode(MessageCodec<T>.Instance.Copy(v)));
    });
}
