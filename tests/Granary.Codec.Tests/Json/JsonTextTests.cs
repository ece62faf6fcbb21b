using System.Buffers;
using System.Text;
using System.Text.Json;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.JsonValues;

public sealed class JsonTextTests
{
    [Fact]
    public void Text_makes_the_round_trip() => ForAll.Cases(AnyValue.Text, v =>
        Assert.Equal(v, Json.Read(Json.Write(w => JsonValue.WriteString(w, v)), JsonValue.ReadString)));

    [Fact]
    public void Text_that_is_not_valid_Unicode_can_be_written()
    {
        Assert.Equal("\uFFFD", Json.Read(Json.Write(w => JsonValue.WriteString(w, "\uD800")), JsonValue.ReadString));
        Assert.Equal("\"\\uFFFD\"", Json.Write(w => JsonValue.WriteChar(w, '\uD800')));
    }

    [Fact]
    public void Text_that_is_not_valid_Unicode_is_refused_when_read()
    {
        Assert.Equal("the text is not valid Unicode", Json.Refused("\"\\ud800\"", JsonValue.ReadString).Problem);
        var error = Assert.Throws<JsonFieldException>(() => Json.Read([(byte)'"', 0xC0, 0xAF, (byte)'"'], JsonValue.ReadString));
        Assert.Equal("the text is not valid Unicode", error.Problem);
    }

    [Theory]
    [InlineData("1", "a string is expected, not the number 1")]
    [InlineData("null", "a string is expected, not null")]
    [InlineData("[]", "a string is expected, not an array")]
    public void What_is_no_text_is_refused(string json, string problem) => Assert.Equal(problem, Json.Refused(json, JsonValue.ReadString).Problem);

    [Fact]
    public void Booleans_are_true_and_false_and_nothing_else()
    {
        Assert.True(Json.Read("true", JsonValue.ReadBool));
        Assert.Equal("true or false is expected, not the text \"true\"", Json.Refused("\"true\"", JsonValue.ReadBool).Problem);
        Json.Refused("1", JsonValue.ReadBool);
        Json.Refused("null", JsonValue.ReadBool);
    }

    [Fact]
    public void Bytes_make_the_round_trip_and_both_base64_alphabets_are_read_padded_or_not() => ForAll.Cases(AnyValue.Bytes, v =>
    {
        var text = Convert.ToBase64String(v);
        Assert.Equal(v, Json.Read(Json.Write(w => JsonValue.WriteBytes(w, v)), JsonValue.ReadBytes));
        Assert.Equal(v, Json.Read($"\"{text.TrimEnd('=')}\"", JsonValue.ReadBytes));
        Assert.Equal(v, Json.Read($"\"{text.Replace('+', '-').Replace('/', '_')}\"", JsonValue.ReadBytes));
        Assert.Equal(v, Json.Read($"\"{text.TrimEnd('=').Replace('+', '-').Replace('/', '_')}\"", JsonValue.ReadBytes));

        var path = default(JsonPath);
        Assert.Equal(v, JsonValue.ParseBytes(text, ref path));
    });

    [Theory]
    [InlineData("\"a\"")]
    [InlineData("\"ab*cd\"")]
    [InlineData("\"abc!\"")]
    [InlineData("\"====\"")]
    [InlineData("\"ab=c\"")]
    [InlineData("7")]
    public void What_is_no_base64_is_refused(string json) => Assert.StartsWith("base64 is expected, not ", Json.Refused(json, JsonValue.ReadBytes).Problem, StringComparison.Ordinal);

    [Fact]
    public void Guids_make_the_round_trip() => ForAll.Cases(AnyValue.Guids, v =>
        Assert.Equal(v, Json.Read(Json.Write(w => JsonValue.WriteGuid(w, v)), JsonValue.ReadGuid)));

    [Theory]
    [InlineData("\"0f8fad5bd9cb469fa16570867728950e\"")]
    [InlineData("\"\"")]
    [InlineData("7")]
    public void Guids_in_another_form_are_refused_with_an_example(string json) => Assert.Contains("a GUID such as", Json.Refused(json, JsonValue.ReadGuid).Problem, StringComparison.Ordinal);

    [Fact]
    public void A_char_is_a_text_of_one_character()
    {
        Assert.Equal('x', Json.Read("\"x\"", JsonValue.ReadChar));
        Json.Refused("\"xy\"", JsonValue.ReadChar);
        Json.Refused("\"\"", JsonValue.ReadChar);
        Json.Refused("\"\U0001F600\"", JsonValue.ReadChar);
    }

    [Fact]
    public void Keys_of_dictionaries_are_text_whatever_they_are()
    {
        var json = Json.Write(w =>
        {
            w.WriteStartObject();
            JsonValue.WriteKey(w, "a b");
            w.WriteNullValue();
            JsonValue.WriteKey(w, -7);
            w.WriteNullValue();
            JsonValue.WriteKey(w, ulong.MaxValue);
            w.WriteNullValue();
            JsonValue.WriteKey(w, true);
            w.WriteNullValue();
            JsonValue.WriteKey(w, Guid.Empty);
            w.WriteNullValue();
            w.WriteEndObject();
        });
        Assert.Equal("""{"a b":null,"-7":null,"18446744073709551615":null,"true":null,"00000000-0000-0000-0000-000000000000":null}""", json);
    }

    [Fact]
    public void Values_in_two_pieces_of_a_buffer_are_read_as_one()
    {
        Assert.Equal(1.5, Split("1.5", JsonValue.ReadDouble));
        Assert.Equal(1234567, Split("1234567", JsonValue.ReadInt32));
        Assert.Equal("hello", Split("\"hello\"", JsonValue.ReadString));
        Assert.Equal(DateTime.UnixEpoch, Split("\"1970-01-01T00:00:00Z\"", JsonValue.ReadDateTime));
        Assert.Equal(TimeSpan.FromSeconds(1.5), Split("\"1.5s\"", JsonValue.ReadDuration));
        Assert.Equal([1, 2, 3], Split("\"AQID\"", JsonValue.ReadBytes));
        Assert.Contains("the number 1.5", Assert.Throws<JsonFieldException>(() => Split("1.5", JsonValue.ReadInt32)).Problem, StringComparison.Ordinal);
    }

    private static T Split<T>(string json, JsonRead<T> read)
    {
        var bytes = Encoding.UTF8.GetBytes(json + " ");
        var first = new Piece(bytes.AsMemory(0, 2));
        var last = first.Append(bytes.AsMemory(2));
        var reader = new Utf8JsonReader(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        Assert.True(reader.Read());
        var path = default(JsonPath);
        return read(ref reader, ref path);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
