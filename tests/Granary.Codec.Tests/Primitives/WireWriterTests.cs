using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Primitives;

/// <summary>Ours against what Google's runtime writes, byte for byte.</summary>
public sealed class WireWriterTests
{
    [Fact]
    public void Integers_are_written_as_protobuf_writes_them() => ForAll.Cases(AnyValue.Longs, v =>
    {
        Assert.Equal(Wire.Theirs(o => o.WriteInt64(v)), Wire.Ours((ref w) => w.WriteInt64(v)));
        Assert.Equal(Wire.Theirs(o => o.WriteUInt64((ulong)v)), Wire.Ours((ref w) => w.WriteVarint((ulong)v)));
        Assert.Equal(Wire.Theirs(o => o.WriteInt32((int)v)), Wire.Ours((ref w) => w.WriteInt32((int)v)));
        Assert.Equal(Wire.Theirs(o => o.WriteUInt32((uint)v)), Wire.Ours((ref w) => w.WriteVarint32((uint)v)));
        Assert.Equal(Wire.Theirs(o => o.WriteFixed32((uint)v)), Wire.Ours((ref w) => w.WriteFixed32((uint)v)));
        Assert.Equal(Wire.Theirs(o => o.WriteFixed64((ulong)v)), Wire.Ours((ref w) => w.WriteFixed64((ulong)v)));
        Assert.Equal(Wire.Theirs(o => o.WriteBool(v > 0)), Wire.Ours((ref w) => w.WriteBool(v > 0)));
    });

    [Fact]
    public void Floating_point_keeps_every_bit() => ForAll.Cases(AnyValue.Doubles, v =>
    {
        Assert.Equal(Wire.Theirs(o => o.WriteDouble(v)), Wire.Ours((ref w) => w.WriteDouble(v)));
        Assert.Equal(Wire.Theirs(o => o.WriteFloat((float)v)), Wire.Ours((ref w) => w.WriteFloat((float)v)));
    });

    [Fact]
    public void Text_is_written_as_protobuf_writes_it_also_when_it_is_not_valid_Unicode() => ForAll.Cases(AnyValue.AnyText, v =>
        Assert.Equal(Wire.Theirs(o => o.WriteString(v)), Wire.Ours((ref w) => w.WriteString(v))));

    [Fact]
    public void Bytes_are_written_with_their_length() => ForAll.Cases(AnyValue.Bytes, v =>
        Assert.Equal(Wire.Theirs(o => o.WriteBytes(ByteString.CopyFrom(v))), Wire.Ours((ref w) => w.WriteBytes(v))));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16383)]
    [InlineData(16384)]
    [InlineData(3_000_000)]
    public void The_length_of_an_inner_message_takes_as_few_bytes_as_it_can(int length)
    {
        var inside = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
        var expected = Wire.Theirs(o =>
        {
            o.WriteTag(3, WireFormat.WireType.LengthDelimited);
            o.WriteBytes(ByteString.CopyFrom(inside));
            o.WriteTag(1, WireFormat.WireType.Varint);
        });

        Assert.Equal(expected, Wire.Ours((ref w) =>
        {
            var start = w.BeginMessage(26);
            w.WriteRaw(inside);
            w.EndMessage(start);
            w.WriteTag(8);
        }));
    }

    [Fact]
    public void Messages_inside_messages_each_move_as_they_must()
    {
        var bytes = Wire.Ours((ref w) =>
        {
            var starts = new int[20];
            for (var i = 0; i < starts.Length; i++) starts[i] = w.BeginMessage(10);
            w.WriteRaw(new byte[120]);
            for (var i = starts.Length - 1; i >= 0; i--) w.EndMessage(starts[i]);
        });

        var reader = new WireReader(bytes);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(10u, reader.ReadTag());
            reader.EnterMessage();
        }

        Assert.Equal(120, reader.MaxItems);
    }

    [Fact]
    public void Growing_keeps_what_was_written_and_where_it_began()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16);
        buffer[0] = 42;
        var writer = new WireWriter(buffer, position: 1);
        for (var i = 0; i < 10_000; i++) writer.WriteFixed32((uint)i);

        Assert.Equal(40_001, writer.Position);
        Assert.Equal(42, writer.Written[0]);
        var reader = new WireReader(writer.Written[1..]);
        for (var i = 0; i < 10_000; i++) Assert.Equal((uint)i, reader.ReadFixed32());
        ArrayPool<byte>.Shared.Return(writer.Buffer);
    }

    [Fact]
    public void An_empty_array_will_do_to_begin_with()
    {
        var writer = new WireWriter([]);
        writer.WriteString("hello");
        Assert.Equal(6, writer.Position);
        ArrayPool<byte>.Shared.Return(writer.Buffer);
    }

    [Fact]
    public void Every_primitive_fits_whatever_room_is_left()
    {
        for (var room = 0; room < 64; room++)
        {
            var writer = new WireWriter(new byte[64], 64 - room);
            writer.WriteTag(uint.MaxValue);
            writer.WriteVarint(ulong.MaxValue);
            writer.WriteInt32(-1);
            writer.WriteString("€€");
            writer.WriteGuid(Guid.Empty);
            writer.WriteDecimal(decimal.MinValue);
            writer.WriteTimestamp(DateTime.MaxValue);
            writer.WriteDuration(TimeSpan.MinValue);
            writer.WriteBytes([1, 2, 3]);
            writer.WriteBool(true);
            writer.EndMessage(writer.BeginMessage(10));

            var reader = new WireReader(writer.Written[(64 - room)..]);
            Assert.Equal(uint.MaxValue, reader.ReadVarint32());
            Assert.Equal(ulong.MaxValue, reader.ReadVarint());
            Assert.Equal(-1, reader.ReadInt32());
            Assert.Equal("€€", reader.ReadString());
            Assert.Equal(Guid.Empty, reader.ReadGuid());
            Assert.Equal(decimal.MinValue, reader.ReadDecimal());
            Assert.Equal(DateTime.MaxValue.Ticks, reader.ReadDateTime().Ticks);
            Assert.Equal(TimeSpan.MinValue, reader.ReadDuration());
            Assert.Equal([1, 2, 3], reader.ReadBytes());
            Assert.True(reader.ReadBool());
            Assert.Equal(10u, reader.ReadTag());
            Assert.Empty(reader.ReadBytes());
            Assert.True(reader.AtEnd);
        }
    }

    [Fact]
    public void An_object_that_contains_itself_is_an_error_and_not_the_end_of_the_process()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Wire.Ours((ref w) => Endless(ref w)));
        Assert.Contains("contains itself", error.Message, StringComparison.Ordinal);

        // As deep as a reader goes, with a packed list at the bottom.
        Wire.Ours((ref w) =>
        {
            var starts = new Stack<int>();
            for (var i = 0; i < 65; i++) starts.Push(w.BeginMessage(10));
            while (starts.TryPop(out var start)) w.EndMessage(start);
        });

        static void Endless(ref WireWriter writer)
        {
            var start = writer.BeginMessage(10);
            Endless(ref writer);
            writer.EndMessage(start);
        }
    }

    [Fact]
    public void Timestamps_are_those_of_protobuf() => ForAll.Cases(AnyValue.Times, v =>
    {
        var theirs = Wire.Theirs(o => o.WriteMessage(Timestamp.FromDateTime(v)));
        Assert.Equal(theirs, Wire.Ours((ref w) => w.WriteTimestamp(v)));
        Assert.Equal(theirs, Wire.Ours((ref w) => w.WriteTimestamp(new DateTimeOffset(v))));
        Assert.Equal(v, Wire.Read(theirs, (ref r) => r.ReadDateTime()));
        Assert.Equal(new DateTimeOffset(v), Wire.Read(theirs, (ref r) => r.ReadTimestamp()));
    });

    [Fact]
    public void Durations_are_those_of_protobuf() => ForAll.Cases(AnyValue.Durations, v =>
    {
        var theirs = Wire.Theirs(o => o.WriteMessage(Duration.FromTimeSpan(v)));
        Assert.Equal(theirs, Wire.Ours((ref w) => w.WriteDuration(v)));
        Assert.Equal(v, Wire.Read(theirs, (ref r) => r.ReadDuration()));
    });

    [Fact]
    public void A_time_with_an_offset_is_written_as_the_moment_it_is()
    {
        var time = new DateTimeOffset(2026, 5, 1, 12, 30, 0, TimeSpan.FromHours(-7));
        Assert.Equal(Wire.Ours((ref w) => w.WriteTimestamp(time.UtcDateTime)), Wire.Ours((ref w) => w.WriteTimestamp(time)));
    }

    [Fact]
    public void Guids_and_decimals_are_text() => ForAll.Cases(AnyValue.Guids, v =>
    {
        var theirs = Wire.Theirs(o => o.WriteString(v.ToString("D")));
        Assert.Equal(theirs, Wire.Ours((ref w) => w.WriteGuid(v)));
        Assert.Equal(v, Wire.Read(theirs, (ref r) => r.ReadGuid()));
    });

    [Fact]
    public void Decimals_keep_their_scale() => ForAll.Cases(AnyValue.Decimals, v =>
    {
        var ours = Wire.Ours((ref w) => w.WriteDecimal(v));
        Assert.Equal(Wire.Theirs(o => o.WriteString(v.ToString(System.Globalization.CultureInfo.InvariantCulture))), ours);
        var back = Wire.Read(ours, (ref r) => r.ReadDecimal());
        Assert.Equal(v, back);
        Assert.Equal(v.Scale, back.Scale);
    });
}
