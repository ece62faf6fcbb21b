using Google.Protobuf;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Primitives;

/// <summary>What Google's runtime writes, read by ours.</summary>
public sealed class WireReaderTests
{
    [Fact]
    public void Integers_are_read_as_protobuf_wrote_them() => ForAll.Cases(AnyValue.Longs, v =>
    {
        Assert.Equal(v, Wire.Read(Wire.Theirs(o => o.WriteInt64(v)), (ref r) => r.ReadInt64()));
        Assert.Equal((ulong)v, Wire.Read(Wire.Theirs(o => o.WriteUInt64((ulong)v)), (ref r) => r.ReadUInt64()));
        Assert.Equal((int)v, Wire.Read(Wire.Theirs(o => o.WriteInt32((int)v)), (ref r) => r.ReadInt32()));
        Assert.Equal((uint)v, Wire.Read(Wire.Theirs(o => o.WriteUInt32((uint)v)), (ref r) => r.ReadUInt32()));
        Assert.Equal((uint)v, Wire.Read(Wire.Theirs(o => o.WriteFixed32((uint)v)), (ref r) => r.ReadFixed32()));
        Assert.Equal((ulong)v, Wire.Read(Wire.Theirs(o => o.WriteFixed64((ulong)v)), (ref r) => r.ReadFixed64()));
    });

    [Fact]
    public void A_narrower_field_keeps_the_low_bits_of_a_wider_number() => ForAll.Cases(AnyValue.Longs, v =>
    {
        var wide = Wire.Theirs(o => o.WriteInt64(v));
        Assert.Equal(unchecked((int)v), Wire.Read(wide, (ref r) => r.ReadInt32()));
        Assert.Equal(unchecked((uint)v), Wire.Read(wide, (ref r) => r.ReadVarint32()));
        Assert.Equal(v != 0, Wire.Read(wide, (ref r) => r.ReadBool()));
    });

    [Fact]
    public void Floating_point_keeps_every_bit() => ForAll.Cases(AnyValue.Doubles, v =>
    {
        Assert.Equal(BitConverter.DoubleToInt64Bits(v), BitConverter.DoubleToInt64Bits(Wire.Read(Wire.Theirs(o => o.WriteDouble(v)), (ref r) => r.ReadDouble())));
        Assert.Equal(BitConverter.SingleToInt32Bits((float)v), BitConverter.SingleToInt32Bits(Wire.Read(Wire.Theirs(o => o.WriteFloat((float)v)), (ref r) => r.ReadFloat())));
    });

    [Fact]
    public void Text_and_bytes_are_read_as_protobuf_wrote_them()
    {
        ForAll.Cases(AnyValue.Text, v => Assert.Equal(v, Wire.Read(Wire.Theirs(o => o.WriteString(v)), (ref r) => r.ReadString())));
        ForAll.Cases(AnyValue.Bytes, v => Assert.Equal(v, Wire.Read(Wire.Theirs(o => o.WriteBytes(ByteString.CopyFrom(v))), (ref r) => r.ReadBytes())));
    }

    [Theory]
    [InlineData(1, WireFormat.WireType.Varint)]
    [InlineData(1, WireFormat.WireType.StartGroup)]
    [InlineData(15, WireFormat.WireType.Fixed32)]
    [InlineData(16, WireFormat.WireType.LengthDelimited)]
    [InlineData(536_870_911, WireFormat.WireType.Fixed64)]
    public void Tags_of_every_size_are_read(int field, WireFormat.WireType type)
    {
        var bytes = Wire.Theirs(o => o.WriteTag(field, type));
        Assert.Equal(WireFormat.MakeTag(field, type), Wire.Read(bytes, (ref r) => r.ReadTag()));
    }

    [Fact]
    public void A_number_padded_with_empty_bytes_is_still_that_number()
    {
        Assert.Equal(1u, Wire.Read([0x81, 0x80, 0x00], (ref r) => r.ReadVarint32()));
        Assert.Equal(8u, Wire.Read([0x88, 0x00], (ref r) => r.ReadTag()));
    }

    [Fact]
    public void Unknown_fields_of_every_wire_type_are_skipped()
    {
        var bytes = Wire.Theirs(o =>
        {
            o.WriteTag(1, WireFormat.WireType.Varint);
            o.WriteInt64(-5);
            o.WriteTag(2, WireFormat.WireType.Fixed64);
            o.WriteDouble(1.5);
            o.WriteTag(3, WireFormat.WireType.LengthDelimited);
            o.WriteString("text");
            o.WriteTag(4, WireFormat.WireType.StartGroup);
            o.WriteTag(1, WireFormat.WireType.StartGroup);
            o.WriteTag(7, WireFormat.WireType.LengthDelimited);
            o.WriteString("inside");
            o.WriteTag(1, WireFormat.WireType.EndGroup);
            o.WriteTag(4, WireFormat.WireType.EndGroup);
            o.WriteTag(5, WireFormat.WireType.Fixed32);
            o.WriteFloat(2);
        });

        Assert.Equal(5, Wire.Read(bytes, Wire.SkipAll));
    }

    [Fact]
    public void A_message_ends_where_its_length_says()
    {
        var bytes = Wire.Theirs(o =>
        {
            o.WriteTag(1, WireFormat.WireType.LengthDelimited);
            o.WriteLength(2);
            o.WriteTag(1, WireFormat.WireType.Varint);
            o.WriteInt32(7);
            o.WriteTag(2, WireFormat.WireType.Varint);
            o.WriteInt32(8);
        });

        var reader = new WireReader(bytes);
        Assert.Equal(10u, reader.ReadTag());
        var token = reader.EnterMessage();
        Assert.Equal(8u, reader.ReadTag());
        Assert.Equal(7, reader.ReadInt32());
        Assert.Equal(0u, reader.ReadTag());
        Assert.Equal(0u, reader.ReadTag());
        reader.ExitMessage(token);
        Assert.Equal(16u, reader.ReadTag());
        Assert.Equal(8, reader.ReadInt32());
        Assert.Equal(0u, reader.ReadTag());
    }

    [Fact]
    public void A_packed_list_has_more_until_its_length_is_read()
    {
        var reader = new WireReader([3, 1, 2, 3, 9]);
        var token = reader.EnterPacked();
        var values = new List<int>();
        while (reader.HasMore) values.Add(reader.ReadInt32());
        reader.ExitPacked(token);

        Assert.Equal([1, 2, 3], values);
        Assert.Equal(1, reader.MaxItems);
    }

    [Fact]
    public void Depth_counts_what_is_open_and_not_what_was_closed()
    {
        var bytes = Wire.Ours((ref w) =>
        {
            for (var i = 0; i < 1000; i++) w.EndMessage(w.BeginMessage(10));
        });

        var reader = new WireReader(bytes, maxDepth: 1);
        while (reader.ReadTag() != 0) reader.ExitMessage(reader.EnterMessage());
        Assert.True(reader.AtEnd);
    }

    [Fact]
    public void Fractions_of_a_tick_are_dropped()
    {
        var bytes = Wire.Ours((ref w) =>
        {
            var start = w.BeginMessage();
            w.WriteTag(8);
            w.WriteInt64(-1);
            w.WriteTag(16);
            w.WriteInt32(999_999_999);
            w.EndMessage(start);
        });

        Assert.Equal(DateTime.UnixEpoch.AddTicks(-1), Wire.Read(bytes, (ref r) => r.ReadDateTime()));
    }

    [Fact]
    public void An_empty_text_is_the_empty_guid_and_zero()
    {
        Assert.Equal(Guid.Empty, Wire.Read([0], (ref r) => r.ReadGuid()));
        Assert.Equal(0m, Wire.Read([0], (ref r) => r.ReadDecimal()));
    }

    [Fact]
    public void Narrow_integers_must_fit()
    {
        Assert.Equal(-128, Wire.Read(Wire.Theirs(o => o.WriteInt32(-128)), (ref r) => r.ReadSByte()));
        Assert.Equal(255, Wire.Read(Wire.Theirs(o => o.WriteUInt32(255)), (ref r) => r.ReadByte()));
        Assert.Equal(short.MinValue, Wire.Read(Wire.Theirs(o => o.WriteInt32(short.MinValue)), (ref r) => r.ReadInt16()));
        Assert.Equal(ushort.MaxValue, Wire.Read(Wire.Theirs(o => o.WriteUInt32(ushort.MaxValue)), (ref r) => r.ReadUInt16()));
        Assert.Equal('\uD800', Wire.Read(Wire.Theirs(o => o.WriteUInt32(0xD800)), (ref r) => r.ReadChar()));

        Assert.Contains("128 is not between -128 and 127", Wire.Refused(Wire.Theirs(o => o.WriteInt32(128)), (ref r) => r.ReadSByte()).Message, StringComparison.Ordinal);
        Wire.Refused(Wire.Theirs(o => o.WriteInt32(-1)), (ref r) => r.ReadByte());
        Wire.Refused(Wire.Theirs(o => o.WriteInt32(-32769)), (ref r) => r.ReadInt16());
        Wire.Refused(Wire.Theirs(o => o.WriteUInt32(65536)), (ref r) => r.ReadUInt16());
        Wire.Refused(Wire.Theirs(o => o.WriteUInt32(65536)), (ref r) => r.ReadChar());
    }

    [Fact]
    public void Dates_and_times_of_day_are_text() => ForAll.Cases(AnyValue.Times, v =>
    {
        var (date, time) = (DateOnly.FromDateTime(v), TimeOnly.FromDateTime(v));
        Assert.Equal(Wire.Theirs(o => o.WriteString(date.ToString("O"))), Wire.Ours((ref w) => w.WriteDateOnly(date)));
        Assert.Equal(date, Wire.Read(Wire.Ours((ref w) => w.WriteDateOnly(date)), (ref r) => r.ReadDateOnly()));
        Assert.Equal(time, Wire.Read(Wire.Ours((ref w) => w.WriteTimeOnly(time)), (ref r) => r.ReadTimeOnly()));
        Assert.Equal(new TimeOnly(v.Hour, v.Minute, v.Second), Wire.Read(Wire.Theirs(o => o.WriteString(v.ToString("HH:mm:ss"))), (ref r) => r.ReadTimeOnly()));
    });

    [Theory]
    [InlineData("2026-5-1")]
    [InlineData("2026-02-30")]
    [InlineData("24:00:00")]
    [InlineData("12:30")]
    [InlineData("12:30:00.12345678")]
    [InlineData("€€:€€:€€")]
    [InlineData("a very long text that is no time")]
    public void Dates_and_times_of_day_in_another_form_are_refused(string text)
    {
        Wire.Refused(Wire.Theirs(o => o.WriteString(text)), (ref r) => r.ReadDateOnly());
        Wire.Refused(Wire.Theirs(o => o.WriteString(text)), (ref r) => r.ReadTimeOnly());
    }

    [Fact]
    public void Grain_ids_are_text()
    {
        var id = Orleans.Runtime.GrainId.Create("orders", "a/b €");
        Assert.Equal(Wire.Theirs(o => o.WriteString("orders/a/b €")), Wire.Ours((ref w) => GrainIdValue.Write(ref w, id)));
        Assert.Equal(id, Wire.Read(Wire.Ours((ref w) => GrainIdValue.Write(ref w, id)), GrainIdValue.Read));
        Assert.True(Wire.Read(Wire.Ours((ref w) => GrainIdValue.Write(ref w, default)), GrainIdValue.Read).IsDefault);
        Assert.Equal(id, Json.Read(Json.Write(w => GrainIdValue.WriteJson(w, id)), GrainIdValue.ReadJson));
        Wire.Refused(Wire.Theirs(o => o.WriteString("no slash")), GrainIdValue.Read);
        Assert.Contains("orders/42", Json.Refused("7", GrainIdValue.ReadJson).Problem, StringComparison.Ordinal);
    }
}
