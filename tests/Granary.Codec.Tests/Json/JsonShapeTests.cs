using System.Text.Json;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.JsonValues;

/// <summary>Paths, and the errors about objects that generated readers throw.</summary>
public sealed class JsonShapeTests
{
    [Fact]
    public void A_path_reads_as_a_person_would_write_it()
    {
        var path = default(JsonPath);
        Assert.Equal("", path.ToString());
        path.PushIndex(0);
        Assert.Equal("[0]", path.ToString());
        path.Pop();
        path.Push("lines");
        path.PushIndex(2);
        path.Push("quantity");
        Assert.Equal("lines[2].quantity", path.ToString());
        path.Pop();
        path.Push("$type");
        Assert.Equal("lines[2].$type", path.ToString());
        path.Pop();
        path.Pop();
        path.Pop();
        path.Push("labels");
        path.Push("a \"b\" c");
        Assert.Equal("labels[\"a \\\"b\\\" c\"]", path.ToString());
    }

    [Fact]
    public void A_path_may_be_deep()
    {
        var path = default(JsonPath);
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 100; i++) path.PushIndex(i);
            Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(i => $"[{i}]")), path.ToString());
            for (var i = 0; i < 100; i++) path.Pop();
        }

        Assert.Equal("", path.ToString());
    }

    [Fact]
    public void Following_a_path_of_eight_levels_allocates_nothing()
    {
        var path = default(JsonPath);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            for (var level = 0; level < 4; level++)
            {
                path.Push("field");
                path.PushIndex(i);
            }

            for (var level = 0; level < 8; level++) path.Pop();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Hostile_property_names_do_not_blow_up_messages()
    {
        var path = default(JsonPath);
        path.Push(new string('x', 100_000));
        path.Push("\uD800\n\"");
        Assert.InRange(path.ToString().Length, 1, 200);
        Assert.DoesNotContain('\n', path.ToString());
    }

    [Fact]
    public void A_name_with_escapes_is_the_name_it_means_and_broken_escapes_match_nothing()
    {
        Assert.True(NameIs("{\"\\u0061b\":1}", "ab"));
        Assert.True(NameIs("{\"ab\":1}", "ab"));
        Assert.False(NameIs("{\"ab\":1}", "abc"));
        Assert.False(NameIs("{\"\\ud800\":1}", "ab"));
        Assert.False(NameIs("{\"\\ud800bbbbbb\":1}", "bbbbbb"));

        static bool NameIs(string json, string name)
        {
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(json));
            reader.Read();
            reader.Read();
            return JsonValue.NameEquals(ref reader, System.Text.Encoding.UTF8.GetBytes(name));
        }
    }

    [Fact]
    public void Errors_about_fields_name_the_path_and_what_there_is()
    {
        var path = default(JsonPath);
        path.Push("lines");
        path.PushIndex(1);
        var reader = new Utf8JsonReader("""{"qty":1}"""u8);
        reader.Read();
        reader.Read();

        Assert.Equal("lines[1].qty: unknown field; the fields are sku, quantity", JsonValue.UnknownField(ref reader, ref path, "sku, quantity").Message);
        Assert.Equal("lines[1].qty: unknown field; there are no fields here", JsonValue.UnknownField(ref reader, ref path, "").Message);
        Assert.Equal("lines[1].sku: given twice; give it once", JsonValue.DuplicateField(ref path, "sku").Message);
        Assert.Equal("lines[1].sku: missing; a string is expected", JsonValue.MissingField(ref path, "sku", "a string").Message);
        Assert.Equal("lines[1].sku: missing", JsonValue.MissingField(ref path, "sku").Message);
        Assert.Equal("lines[1]", path.ToString());
    }

    [Fact]
    public void An_object_and_an_array_are_told_apart()
    {
        Assert.Equal("an object is expected, not an array", Json.Refused("[]", Object).Problem);
        Assert.Equal("an array is expected, not the text \"x\"", Json.Refused("\"x\"", Array).Problem);

        static int Object(ref Utf8JsonReader reader, ref JsonPath path)
        {
            JsonValue.ExpectObject(ref reader, ref path);
            return 0;
        }

        static int Array(ref Utf8JsonReader reader, ref JsonPath path)
        {
            JsonValue.ExpectArray(ref reader, ref path);
            return 0;
        }
    }

    [Fact]
    public void A_union_says_its_type_first()
    {
        Assert.Equal("Circle", Union("""{"$type":"Circle","radius":1}"""));
        Assert.Equal("shape.$type: missing; the first property must be $type, one of Circle, Square", Fails("""{"radius":1}"""));
        Assert.Equal("shape.$type: missing; the first property must be $type, one of Circle, Square", Fails("{}"));
        Assert.Equal("shape.$type: one of Circle, Square is expected, not the number 7", Fails("""{"$type":7}"""));
        Assert.Equal("shape: an object is expected, not null", Fails("null"));
        var path = default(JsonPath);
        Assert.Equal("$type: one of Circle, Square is expected, not \"Line\"", JsonValue.UnknownUnionType(ref path, "Line", "Circle, Square").Message);

        static string Union(string json)
        {
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(json));
            reader.Read();
            var path = default(JsonPath);
            path.Push("shape");
            return JsonValue.ReadUnionType(ref reader, ref path, "Circle, Square");
        }

        static string Fails(string json) => Assert.Throws<JsonFieldException>(() => Union(json)).Message;
    }
}
