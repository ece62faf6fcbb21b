using System.Globalization;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.JsonValues;

public sealed class JsonNumberTests
{
    [Fact]
    public void Integers_of_64_bits_make_the_round_trip_as_numbers_and_as_strings() => ForAll.Cases(AnyValue.Longs, v =>
    {
        foreach (var format in new[] { JsonFormat.Web, JsonFormat.LongsAsStrings })
        {
            Assert.Equal(v, Json.Read(Json.Write(w => JsonValue.WriteInt64(w, v, format)), JsonValue.ReadInt64));
            Assert.Equal((ulong)v, Json.Read(Json.Write(w => JsonValue.WriteUInt64(w, (ulong)v, format)), JsonValue.ReadUInt64));
        }

        Assert.Equal((int)v, Json.Read(Json.Write(w => JsonValue.WriteInt32(w, (int)v)), JsonValue.ReadInt32));
        Assert.Equal((uint)v, Json.Read(Json.Write(w => JsonValue.WriteUInt32(w, (uint)v)), JsonValue.ReadUInt32));
    });

    [Fact]
    public void Only_64_bit_integers_become_strings_for_proto3()
    {
        Assert.Equal("\"9007199254740993\"", Json.Write(w => JsonValue.WriteInt64(w, 9_007_199_254_740_993, JsonFormat.LongsAsStrings)));
        Assert.Equal("9007199254740993", Json.Write(w => JsonValue.WriteInt64(w, 9_007_199_254_740_993, JsonFormat.Web)));
        Assert.Equal("\"18446744073709551615\"", Json.Write(w => JsonValue.WriteUInt64(w, ulong.MaxValue, JsonFormat.LongsAsStrings)));
        Assert.Equal("\"1.10\"", Json.Write(w => JsonValue.WriteDecimal(w, 1.10m, JsonFormat.LongsAsStrings)));
        Assert.Equal("1.10", Json.Write(w => JsonValue.WriteDecimal(w, 1.10m, JsonFormat.Web)));
    }

    [Fact]
    public void Floating_point_makes_the_round_trip_with_NaN_and_infinities_as_strings() => ForAll.Cases(AnyValue.Doubles, v =>
    {
        var back = Json.Read(Json.Write(w => JsonValue.WriteDouble(w, v)), JsonValue.ReadDouble);
        Assert.Equal(double.IsNaN(v) ? double.NaN : v, back);
        Assert.Equal(double.IsNegative(v) && !double.IsNaN(v), double.IsNegative(back) && !double.IsNaN(back));

        var narrow = Json.Read(Json.Write(w => JsonValue.WriteFloat(w, (float)v)), JsonValue.ReadFloat);
        Assert.Equal((float)v, narrow);
    });

    [Fact]
    public void Decimals_make_the_round_trip_with_their_scale() => ForAll.Cases(AnyValue.Decimals, v =>
    {
        foreach (var format in new[] { JsonFormat.Web, JsonFormat.LongsAsStrings })
        {
            var back = Json.Read(Json.Write(w => JsonValue.WriteDecimal(w, v, format)), JsonValue.ReadDecimal);
            Assert.Equal(v.ToString(CultureInfo.InvariantCulture), back.ToString(CultureInfo.InvariantCulture));
        }
    });

    [Theory]
    [InlineData("7.0", 7)]
    [InlineData("7e0", 7)]
    [InlineData("70E-1", 7)]
    [InlineData("-1.2e3", -1200)]
    public void An_integer_may_have_a_point_or_an_exponent(string json, int value)
    {
        Assert.Equal(value, Json.Read(json, JsonValue.ReadInt32));
        Assert.Equal(value, Json.Read(json, JsonValue.ReadInt64));
        Assert.Equal(value, Json.Read(json, JsonValue.ReadInt16));
    }

    [Theory]
    [InlineData("2147483648", "a number between -2147483648 and 2147483647 is expected, not the number 2147483648")]
    [InlineData("1e30", "a number between -2147483648 and 2147483647 is expected, not the number 1e30")]
    [InlineData("1e400", "a number between -2147483648 and 2147483647 is expected, not the number 1e400")]
    [InlineData("1.5", "an integer is expected, not the number 1.5")]
    [InlineData("\"7\"", "an integer is expected, not the text \"7\"")]
    [InlineData("null", "an integer is expected, not null")]
    [InlineData("true", "an integer is expected, not true")]
    [InlineData("[1]", "an integer is expected, not an array")]
    [InlineData("{}", "an integer is expected, not an object")]
    public void What_is_no_int_is_refused_in_words(string json, string problem) =>
        Assert.Equal(problem, Json.Refused(json, JsonValue.ReadInt32).Problem);

    [Fact]
    public void Every_width_knows_its_range()
    {
        Json.Refused("-1", JsonValue.ReadUInt32);
        Json.Refused("4294967296", JsonValue.ReadUInt32);
        Json.Refused("-1", JsonValue.ReadUInt64);
        Json.Refused("\"18446744073709551616\"", JsonValue.ReadUInt64);
        Json.Refused("18446744073709551616", JsonValue.ReadUInt64);
        Json.Refused("9223372036854775808", JsonValue.ReadInt64);
        Json.Refused("\" 1\"", JsonValue.ReadInt64);
        Json.Refused("\"1.0\"", JsonValue.ReadInt64);
        Json.Refused("\"\"", JsonValue.ReadInt64);
        Json.Refused("32768", JsonValue.ReadInt16);
        Json.Refused("65536", JsonValue.ReadUInt16);
        Json.Refused("256", JsonValue.ReadByte);
        Json.Refused("-129", JsonValue.ReadSByte);
        Json.Refused("1e999", JsonValue.ReadDouble);
        Json.Refused("1e39", JsonValue.ReadFloat);
        Json.Refused("1e29", JsonValue.ReadDecimal);
        Json.Refused("\"abc\"", JsonValue.ReadDecimal);
        Json.Refused("\"nan\"", JsonValue.ReadDouble);
        Json.Refused("\"\\ud800\"", JsonValue.ReadDouble);
        Assert.Equal(255, Json.Read("255", JsonValue.ReadByte));
        Assert.Equal(-128, Json.Read("-128", JsonValue.ReadSByte));
        Assert.Equal(ulong.MaxValue, Json.Read("18446744073709551615", JsonValue.ReadUInt64));
        Assert.Equal(9223372036854775807, Json.Read("9223372036854775807.0", JsonValue.ReadInt64));
    }

    [Fact]
    public void A_value_in_a_message_is_cut_short_and_cleaned()
    {
        var problem = Json.Refused($"\"{new string('x', 1000)}\"", JsonValue.ReadInt32).Problem;
        Assert.InRange(problem.Length, 1, 120);
        Assert.Contains("…", problem, StringComparison.Ordinal);

        Assert.DoesNotContain('\n', Json.Refused("\"a\\nb\"", JsonValue.ReadInt32).Problem);
        Assert.Contains("\uFFFD", Json.Refused("\"\\ud800\"", JsonValue.ReadInt32).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Path_and_query_values_are_parsed_alike()
    {
        var path = default(JsonPath);
        path.Push("page");
        Assert.Equal(-7, JsonValue.ParseInt32("-7", ref path));
        Assert.Equal(7u, JsonValue.ParseUInt32("7", ref path));
        Assert.Equal(long.MinValue, JsonValue.ParseInt64("-9223372036854775808", ref path));
        Assert.Equal(ulong.MaxValue, JsonValue.ParseUInt64("18446744073709551615", ref path));
        Assert.Equal(1.5, JsonValue.ParseDouble("1.5", ref path));
        Assert.Equal(double.NegativeInfinity, JsonValue.ParseDouble("-Infinity", ref path));
        Assert.Equal(1.5f, JsonValue.ParseFloat("1.5", ref path));
        Assert.Equal(1.10m, JsonValue.ParseDecimal("1.10", ref path));
        Assert.Equal((byte)255, JsonValue.ParseByte("255", ref path));

        var error = Throws(static (ref JsonPath p) => JsonValue.ParseInt32("7 apples", ref p));
        Assert.Equal("page: an integer between -2147483648 and 2147483647 is expected, not \"7 apples\"", error.Message);
        Throws(static (ref JsonPath p) => JsonValue.ParseByte("256", ref p));
        Throws(static (ref JsonPath p) => JsonValue.ParseDouble("1e999", ref p));
        Throws(static (ref JsonPath p) => JsonValue.ParseFloat("1e39", ref p));
        Throws(static (ref JsonPath p) => JsonValue.ParseDouble("", ref p));
        Throws(static (ref JsonPath p) => JsonValue.ParseDecimal("1,000", ref p));
    }

    private delegate void Parse(ref JsonPath path);

    private static JsonFieldException Throws(Parse parse) => Assert.Throws<JsonFieldException>(() =>
    {
        var path = default(JsonPath);
        path.Push("page");
        parse(ref path);
    });
}
