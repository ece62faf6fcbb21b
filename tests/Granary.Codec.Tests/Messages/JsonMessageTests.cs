using System.Text.Json;
using FsCheck;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Messages;

/// <summary>Generated codecs and JSON.</summary>
public sealed class JsonMessageTests
{
    [Fact]
    public void Scalars_make_the_round_trip() => RoundTrip(AnyMessage.Scalars);

    [Fact]
    public void Optional_fields_make_the_round_trip() => RoundTrip(AnyMessage.Optionals);

    [Fact]
    public void Lists_make_the_round_trip() => RoundTrip(AnyMessage.Lists);

    [Fact]
    public void Maps_make_the_round_trip() => RoundTrip(AnyMessage.Maps);

    [Fact]
    public void Recursive_messages_make_the_round_trip() => RoundTrip(AnyMessage.Tree);

    [Fact]
    public void Unions_make_the_round_trip() => RoundTrip(AnyMessage.Drawing);

    [Fact]
    public void Names_are_camel_case_absent_values_left_out_and_unions_say_their_type_first()
    {
        Assert.Equal("""{"flag":true,"largePositive":7,"leaf":{"name":"a","weight":1}}""", Codecs.ToJson(new Optionals { Flag = true, LargePositive = 7, Leaf = new Leaf("a", 1) }));
        Assert.Equal("""{"first":{"$type":"Circle","radius":1.5},"shapes":[]}""", Codecs.ToJson(new Drawing { First = new Circle(1.5) }));
    }

    [Fact]
    public void Long_integers_are_numbers_or_strings_as_asked_and_both_are_read()
    {
        var value = new Optionals { Large = long.MaxValue, Number = 5 };
        Assert.Equal("""{"number":5,"large":9223372036854775807}""", Codecs.ToJson(value));
        Assert.Equal("""{"number":5,"large":"9223372036854775807"}""", Codecs.ToJson(value, JsonFormat.LongsAsStrings));
        Assert.Equal(value, Codecs.FromJson<Optionals>("""{"large":"9223372036854775807","number":5}"""));
        Assert.Equal(value, Codecs.FromJson<Optionals>("""{"large":9223372036854775807,"number":5}"""));
    }

    [Theory]
    [InlineData("""{"name":"a"}""", "leaves[0].weight", "missing; an integer is expected")]
    [InlineData("""{"name":"a","weight":"x"}""", "leaves[0].weight", "an integer is expected, not the text \"x\"")]
    [InlineData("""{"name":null,"weight":1}""", "leaves[0].name", "a string is expected, not null")]
    [InlineData("""{"name":"a","weight":1,"wait":2}""", "leaves[0].wait", "unknown field; the fields are name, weight")]
    [InlineData("""{"name":"a","name":"b","weight":1}""", "leaves[0].name", "given twice; give it once")]
    [InlineData("""{"Name":"a","weight":1}""", "leaves[0].Name", "unknown field; the fields are name, weight")]
    [InlineData("""{"name":"a","weight":99999999999}""", "leaves[0].weight", "a number between -2147483648 and 2147483647 is expected, not the number 99999999999")]
    [InlineData("""[]""", "leaves[0]", "an object is expected, not an array")]
    [InlineData("null", "leaves[0]", "an object is expected, not null")]
    public void Every_error_names_the_field(string leaf, string path, string problem)
    {
        var error = Codecs.JsonRefused<Lists>($$"""{"leaves":[{{leaf}}]}""");
        Assert.Equal((path, problem), (error.Path, error.Problem));
    }

    [Theory]
    [InlineData("""{"texts":["a",1]}""", "texts[1]")]
    [InlineData("""{"texts":{}}""", "texts")]
    [InlineData("""{"datas":["AQ==","!"]}""", "datas[1]")]
    [InlineData("""{"moments":["yesterday"]}""", "moments[0]")]
    [InlineData("""{"colors":["red","green"]}""", "colors[1]")]
    public void Elements_of_lists_are_counted(string json, string path) => Assert.Equal(path, Codecs.JsonRefused<Lists>(json).Path);

    [Theory]
    [InlineData("""{"numbers":{"a":1,"a":2}}""", "numbers.a")]
    [InlineData("""{"numbers":{"a b":"x"}}""", "numbers[\"a b\"]")]
    [InlineData("""{"texts":{"one":"x"}}""", "texts.one")]
    [InlineData("""{"leaves":{"1":{"name":"x","weight":1.5}}}""", "leaves.1.weight")]
    [InlineData("""{"numbers":[]}""", "numbers")]
    public void Entries_of_dictionaries_are_named(string json, string path) => Assert.Equal(path, Codecs.JsonRefused<Maps>(json).Path);

    [Theory]
    [InlineData("""{"first":{"radius":1}}""", "first.$type")]
    [InlineData("""{"first":{"radius":1,"$type":"Circle"}}""", "first.$type")]
    [InlineData("""{"first":{"$type":"Line"}}""", "first.$type")]
    [InlineData("""{"first":{"$type":"Circle","side":1}}""", "first.side")]
    [InlineData("""{"shapes":[{"$type":"Square","side":1,"label":{"name":1,"weight":1}}]}""", "shapes[0].label.name")]
    public void Unions_name_what_is_wrong(string json, string path) => Assert.Equal(path, Codecs.JsonRefused<Drawing>(json).Path);

    [Fact]
    public void What_is_left_out_has_the_contracts_initial_value()
    {
        var person = Codecs.FromJson<PersonNew>("{}");
        Assert.Equal("", person.Name);
        Assert.Empty(person.Badges);
        Assert.Null(Codecs.FromJson<PersonNew>("""{"email":null}""").Email);
    }

    [Fact]
    public void JSON_that_is_too_deep_or_no_JSON_is_the_parsers_error()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"left":""", 100)) + "null" + new string('}', 100);
        Assert.ThrowsAny<JsonException>(() => Codecs.FromJson<Tree>(deep));
        Assert.ThrowsAny<JsonException>(() => Codecs.FromJson<Tree>("""{"name":"a",}"""));
        Assert.ThrowsAny<JsonException>(() => Codecs.FromJson<Tree>("""{"name":"a" "left":null}"""));
        Assert.ThrowsAny<JsonException>(() => Codecs.FromJson<Tree>("""{"name":"""));
    }

    [Fact]
    public void Escaped_property_names_are_the_names_they_mean()
    {
        Assert.Equal(new Leaf("a", 1), Codecs.FromJson<Leaf>("""{"\u006eame":"a","weight":1}"""));
        Assert.Contains("unknown field", Codecs.JsonRefused<Leaf>("""{"\ud800":"a","weight":1}""").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_damage_to_JSON_ends_in_a_clean_error_or_a_value()
    {
        var random = new Random(20260503);
        var taken = 0;
        foreach (var drawing in FsCheck.Fluent.Gen.Sample(AnyMessage.Lists, 3, 20))
        {
            var json = System.Text.Encoding.UTF8.GetBytes(Codecs.ToJson(drawing));
            for (var i = 0; i < 100; i++)
            {
                try
                {
                    var reader = new Utf8JsonReader(Damage.Apply(json, random));
                    if (!reader.Read()) continue;
                    var path = default(JsonPath);
                    MessageCodec<Lists>.Instance.ReadJson(ref reader, ref path);
                    taken++;
                }
                catch (Exception error) when (error is JsonFieldException or JsonException)
                {
                    // The two ways to fail.
                }
            }
        }

        Assert.InRange(taken, 1, int.MaxValue);
    }

    private static void RoundTrip<T>(Gen<T> values) => ForAll.Cases(values, v =>
    {
        foreach (var format in new[] { JsonFormat.Web, JsonFormat.LongsAsStrings })
        {
            var json = Codecs.ToJson(v, format);
            var back = Codecs.FromJson<T>(json, format);
            Assert.Equal(json, Codecs.ToJson(back, format));
            if (v is not Maps) Assert.Equal(Codecs.Encode(v), Codecs.Encode(back));
        }
    });
}
