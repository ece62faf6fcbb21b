using Granary.Codec.Tests.Support;
using Granary.Rpc;

namespace Granary.Codec.Tests.Primitives;

/// <summary>Bytes from someone who means harm end in <see cref="WireFormatException"/>, and in nothing else.</summary>
public sealed class HostileWireTests
{
    [Theory]
    [InlineData("80808080808080808080", "longer than 64 bits is never ended")]
    [InlineData("FFFFFFFFFFFFFFFFFF02", "the tenth byte has bits beyond 64")]
    [InlineData("8080808080808080808000", "eleven bytes")]
    [InlineData("80", "the data ends inside")]
    [InlineData("", "the data ends before")]
    public void Overlong_and_cut_varints_are_refused(string hex, string why)
    {
        Assert.NotNull(why);
        Wire.Refused(Convert.FromHexString(hex), (ref r) => r.ReadVarint());
    }

    [Theory]
    [InlineData("00", "field number 0")]
    [InlineData("05", "field number 0")]
    [InlineData("0C", "wire type 4")]
    [InlineData("0E", "wire type 6")]
    [InlineData("0F", "wire type 7")]
    [InlineData("8880808010", "longer than 32 bits")]
    [InlineData("88808080808000", "ends inside")]
    public void Malformed_tags_are_refused(string hex, string problem)
    {
        var bytes = Convert.FromHexString(hex);
        if (problem == "ends inside")
        {
            // Padding is legal as long as the number fits.
            Assert.Equal(8u, Wire.Read(bytes, (ref r) => r.ReadTag()));
            return;
        }

        Assert.Contains(problem, Wire.Refused(bytes, (ref r) => r.ReadTag()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("05")]
    [InlineData("0561626364")]
    [InlineData("FFFFFFFF07")]
    [InlineData("FFFFFFFFFFFFFFFFFF01")]
    public void Lengths_beyond_the_data_are_refused_before_anything_is_allocated(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Wire.Refused(bytes, (ref r) => r.ReadString());
        Wire.Refused(bytes, (ref r) => r.ReadBytes());
        Wire.Refused(bytes, (ref r) => r.ReadSpan().Length);
        Wire.Refused(bytes, (ref r) => r.EnterMessage());
        Wire.Refused(bytes, (ref r) => r.EnterPacked());
        Wire.Refused([.. "\x0A"u8, .. bytes], Wire.SkipAll);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void An_inner_message_cannot_reach_beyond_the_one_around_it()
    {
        byte[] bytes = [0x0A, 0x02, 0x0A, 0x03, 0x08, 0x01, 0x00];
        Wire.Refused(bytes, (ref r) =>
        {
            r.ReadTag();
            r.EnterMessage();
            r.ReadTag();
            return r.EnterMessage();
        });
        Wire.Refused([0x0A, 0x01, 0x08, 0x01], (ref r) =>
        {
            r.ReadTag();
            r.EnterMessage();
            r.ReadTag();
            return r.ReadInt32();
        });
        Wire.Refused([0x01, 0x01, 0x02, 0x03, 0x04], (ref r) =>
        {
            r.EnterPacked();
            return r.ReadFixed32();
        });
    }

    [Fact]
    public void A_message_left_before_its_end_is_an_error() => Wire.Refused([0x02, 0x08, 0x01], (ref r) =>
    {
        var token = r.EnterMessage();
        r.ReadTag();
        r.ExitMessage(token);
        return 0;
    });

    [Fact]
    public void Messages_nested_deeper_than_allowed_are_refused()
    {
        var bytes = Nested(65);
        Assert.Contains("too deep", Wire.Refused(bytes, Descend).Message, StringComparison.Ordinal);
        Wire.Read(Nested(64), Descend);

        static byte[] Nested(int depth) => Wire.Ours((ref w) =>
        {
            var starts = new Stack<int>();
            for (var i = 0; i < depth; i++) starts.Push(w.BeginMessage(10));
            while (starts.TryPop(out var start)) w.EndMessage(start);
        });

        static int Descend(ref WireReader reader)
        {
            var tokens = new Stack<int>();
            while (reader.ReadTag() != 0) tokens.Push(reader.EnterMessage());
            while (tokens.TryPop(out var token)) reader.ExitMessage(token);
            return 0;
        }
    }

    [Fact]
    public void Groups_nested_a_million_deep_do_not_exhaust_the_stack()
    {
        var bytes = new byte[1_000_000];
        Array.Fill(bytes, (byte)0x0B);
        Assert.Contains("too deep", Wire.Refused(bytes, Wire.SkipAll).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0B", "the end of a group")]
    [InlineData("0B14", "which begins no value")]
    [InlineData("0B00", "malformed")]
    [InlineData("0B08", "varint")]
    public void Groups_that_are_not_closed_by_their_own_end_are_refused(string hex, string problem) =>
        Assert.Contains(problem, Wire.Refused(Convert.FromHexString(hex), Wire.SkipAll).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("C0AF")]
    [InlineData("EDA080")]
    [InlineData("F4908080")]
    [InlineData("FF")]
    [InlineData("E282")]
    public void Text_that_is_not_valid_Unicode_is_refused(string hex)
    {
        byte[] text = Convert.FromHexString(hex);
        Assert.Contains("UTF-8", Wire.Refused([(byte)text.Length, .. text], (ref r) => r.ReadString()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_and_durations_out_of_range_are_refused()
    {
        foreach (var (seconds, nanos) in new[] { (253_402_300_800, 0), (-62_135_596_801, 0), (0, -1), (0, 1_000_000_000), (long.MaxValue, 0), (long.MinValue, int.MinValue) })
            Wire.Refused(SecondsAndNanos(seconds, nanos), (ref r) => r.ReadTimestamp());
        foreach (var (seconds, nanos) in new[] { (922_337_203_686, 0), (-922_337_203_686, 0), (long.MaxValue, 999_999_999), (long.MinValue, 0), (1, -1), (-1, 1), (0, 1_000_000_000) })
            Wire.Refused(SecondsAndNanos(seconds, nanos), (ref r) => r.ReadDuration());
    }

    [Theory]
    [InlineData("0f8fad5bd9cb469fa16570867728950e")]
    [InlineData("{0f8fad5b-d9cb-469f-a165-7086772895}")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e ")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950g")]
    public void Guids_in_another_form_are_refused(string text) => Wire.Refused(Wire.Ours((ref w) => w.WriteString(text)), (ref r) => r.ReadGuid());

    [Theory]
    [InlineData("abc")]
    [InlineData("1,5")]
    [InlineData(" 1")]
    [InlineData("NaN")]
    [InlineData("79228162514264337593543950336")]
    [InlineData("1e2147483647")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000001")]
    public void Decimals_that_are_none_are_refused(string text) => Wire.Refused(Wire.Ours((ref w) => w.WriteString(text)), (ref r) => r.ReadDecimal());

    [Fact]
    public void The_error_says_where()
    {
        var error = Wire.Refused([0x08, 0x01, 0x12, 0x7F], Wire.SkipAll);
        Assert.Equal(3, error.Offset);
        Assert.Contains("at byte 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("127 bytes, 0 left", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_cut_at_any_byte_never_ends_in_another_exception()
    {
        var error = new RpcException(StatusCode.NotFound, "no such order €")
        {
            Violations = [new FieldViolation("lines[2].quantity", "between 1 and 10")],
            Reason = "ORDER_GONE",
            Metadata = new Dictionary<string, string> { ["order"] = "42" },
            RetryAfter = TimeSpan.FromSeconds(1.5),
        };
        var bytes = RpcErrorCodec.Encode(error);
        for (var length = 0; length < bytes.Length; length++) Survives(bytes[..length]);
    }

    [Fact]
    public void Messages_with_random_damage_never_end_in_another_exception()
    {
        var random = new Random(20260501);
        var bytes = RpcErrorCodec.Encode(new RpcException(StatusCode.Aborted, "x")
        {
            Violations = [new FieldViolation("a", "b"), new FieldViolation("c", "d")],
            Metadata = new Dictionary<string, string> { ["k"] = "v" },
            RetryAfter = TimeSpan.FromDays(1),
        });
        for (var i = 0; i < 20_000; i++) Survives(Damage.Apply(bytes, random));
    }

    private static void Survives(byte[] bytes)
    {
        try
        {
            var reader = new WireReader(bytes);
            RpcErrorCodec.Read(ref reader);
        }
        catch (WireFormatException)
        {
            // The one way to fail.
        }
    }

    private static byte[] SecondsAndNanos(long seconds, int nanos) => Wire.Ours((ref w) =>
    {
        var start = w.BeginMessage();
        w.WriteTag(8);
        w.WriteInt64(seconds);
        w.WriteTag(16);
        w.WriteInt32(nanos);
        w.EndMessage(start);
    });
}
