using Granary.Codec;
using Granary.Generators.Tests.Contracts;
using Granary.Generators.Tests.Support;
using Orleans.Runtime;

namespace Granary.Generators.Tests;

/// <summary>What generated codecs do with every shape of contract.</summary>
public sealed class GeneratedCodecTests
{
    private static Everything Sample() => new()
    {
        Person = new Person("Ann", 30) { Tags = ["a", "b"], Tone = Tone.Loud },
        Figure = new Circle { Radius = 2, Marks = [1, 2] },
        Points = { ["p"] = new Point(1, -1) },
        Numbers = { 3, 4 },
        Words = ["x", ""],
        Dogs = [new Dog { Name = "Rex", Barks = 255 }],
        Memory = new byte[] { 1, 2 },
        Span = new Span { From = 1, Steps = [5] },
        Money = new Money(1.50m, "USD"),
        Day = new DateOnly(2026, 5, 1),
        Hour = new TimeOnly(12, 30, 0, 5),
        Small = -7,
        Letter = 'é',
        Tones = [Tone.Loud, Tone.None],
        Page = new Page<Point> { Items = [new Point(1, 2)], Last = new Point(3, 4) },
        MaybeSpan = new Span { Steps = [] },
        Shared = [1],
        Kennel = new() { [-1] = new Dog { Name = "Bo" } },
        @class = 4,
        Grain = GrainId.Create("users", "ann"),
    };

    [Fact]
    public void Everything_survives_protobuf()
    {
        var json = Codecs.ToJson(Sample());
        Assert.Equal(json, Codecs.ToJson(Codecs.FromBytes<Everything>(Codecs.ToBytes(Sample()))));
    }

    [Fact]
    public void Everything_survives_json()
    {
        var bytes = Codecs.ToBytes(Sample());
        Assert.Equal(bytes, Codecs.ToBytes(Codecs.FromJson<Everything>(Codecs.ToJson(Sample()))));
    }

    [Fact]
    public void Everything_survives_a_copy() => Assert.Equal(Codecs.ToBytes(Sample()), Codecs.ToBytes(Codecs.Copy(Sample())));

    [Fact]
    public void An_empty_message_reads_as_empty_and_not_as_null()
    {
        var empty = Codecs.FromBytes<Everything>([]);
        Assert.Empty(empty.Points);
        Assert.Empty(empty.Numbers);
        Assert.Empty(empty.Words);
        Assert.Empty(empty.Dogs);
        Assert.Empty(empty.Tones);
        Assert.Empty(empty.Span.Steps);
        Assert.Empty(empty.Page.Items);
        Assert.Equal("", empty.Money.Currency);
        Assert.Null(empty.Person);
        Assert.Null(empty.Figure);
        Assert.Null(empty.MaybeSpan);
        Assert.Null(empty.Kennel);
        Assert.Null(empty.Small);
    }

    [Fact]
    public void A_copy_shares_nothing_that_can_change()
    {
        var original = Sample();
        var copy = Codecs.Copy(original);
        Assert.NotSame(original, copy);
        Assert.NotSame(original.Person, copy.Person);
        Assert.NotSame(original.Person!.Tags, copy.Person!.Tags);
        Assert.NotSame(original.Figure, copy.Figure);
        Assert.NotSame(((Circle)original.Figure!).Marks, ((Circle)copy.Figure!).Marks);
        Assert.NotSame(original.Points, copy.Points);
        Assert.NotSame(original.Dogs, copy.Dogs);
        Assert.NotSame(original.Dogs[0], copy.Dogs[0]);
        Assert.NotSame(original.Tones, copy.Tones);
        Assert.NotSame(original.Span.Steps, copy.Span.Steps);
        Assert.NotSame(original.Page.Items, copy.Page.Items);
        Assert.False(original.Memory.Equals(copy.Memory));
    }

    [Fact]
    public void A_copy_shares_what_cannot_change_and_what_is_marked_immutable()
    {
        var original = Sample();
        var copy = Codecs.Copy(original);
        Assert.Same(original.Points["p"], copy.Points["p"]);
        Assert.Same(original.Page.Last, copy.Page.Last);
        Assert.Same(original.Money, copy.Money);
        Assert.Same(original.Shared, copy.Shared);
    }

    [Fact]
    public void A_copied_dictionary_keeps_its_comparer()
    {
        var original = new Everything { Points = new(StringComparer.OrdinalIgnoreCase) { ["a"] = new Point(0, 0) } };
        Assert.True(Codecs.Copy(original).Points.ContainsKey("A"));
    }

    [Fact]
    public void Positional_parameters_are_numbered_by_position() =>
        Assert.Equal([1, 2, 3, 4, 5], MessageCodec<Person>.Instance.Schema.Fields.Select(f => f.Number));

    [Fact]
    public void An_explicit_id_wins_over_the_position() => Assert.Equal([6, 7], MessageCodec<Point>.Instance.Schema.Fields.Select(f => f.Number));

    [Fact]
    public void Json_without_a_member_keeps_its_initial_value()
    {
        var person = Codecs.FromJson<Person>("""{"name":"Ann","age":1}""");
        Assert.Equal("NL", person.Country);
        Assert.Equal(["new"], person.Tags);
        Assert.Equal(Tone.Calm, person.Tone);
        person.Tags.Add("mine");
        Assert.Equal(["new"], Codecs.FromJson<Person>("""{"name":"Ann","age":1}""").Tags);
    }

    [Fact]
    public void Protobuf_without_a_member_has_its_empty_value()
    {
        var person = Codecs.FromBytes<Person>([]);
        Assert.Equal(("", 0, "", Tone.None), (person.Name, person.Age, person.Country, person.Tone));
        Assert.Empty(person.Tags);
    }

    [Theory]
    [InlineData("""{"age":1}""", "name: missing")]
    [InlineData("""{"name":"a","age":1,"x":1}""", "x: unknown field; the fields are name, age, country, tags, tone")]
    [InlineData("""{"name":"a","age":1,"age":2}""", "age: given twice")]
    [InlineData("""{"name":"a","age":"b"}""", "age: ")]
    [InlineData("""{"name":"a","age":1,"tags":["x",5]}""", "tags[1]: ")]
    [InlineData("""{"name":"a","age":1,"tone":"shrill"}""", "tone: ")]
    [InlineData("""{"name":null,"age":1}""", "name: ")]
    [InlineData("[]", "an object")]
    public void Wrong_json_names_the_field(string json, string problem)
    {
        var error = Assert.Throws<JsonFieldException>(() => Codecs.FromJson<Person>(json));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deep_problem_names_its_whole_path()
    {
        var error = Assert.Throws<JsonFieldException>(() => Codecs.FromJson<Everything>("""{"kennel":{"7":{"name":"a","barks":256}}}"""));
        Assert.StartsWith("kennel.7.barks: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dictionary_key_given_twice_is_an_error()
    {
        var error = Assert.Throws<JsonFieldException>(() => Codecs.FromJson<Everything>("""{"kennel":{"7":{"name":"a"},"07":{"name":"b"}}}"""));
        Assert.Contains("kennel.07", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_union_says_which_of_its_types_it_is()
    {
        Assert.Equal("""{"$type":"Circle","radius":1,"marks":[]}""", Codecs.ToJson<Figure>(new Circle { Radius = 1 }));
        Assert.Equal(2, Assert.IsType<Square>(Codecs.FromJson<Figure>("""{"$type":"Square","side":2}""")).Side);
        Assert.Contains("Circle, Square", Assert.Throws<JsonFieldException>(() => Codecs.FromJson<Figure>("""{"$type":"Cube"}""")).Message, StringComparison.Ordinal);
        Assert.Equal("$type", Assert.Throws<JsonFieldException>(() => Codecs.FromJson<Figure>("""{"side":2}""")).Path);
    }

    [Fact]
    public void A_union_is_a_oneof()
    {
        Assert.Equal([42, 9, 9, 0, 0, 0, 0, 0, 0, 240, 63], Codecs.ToBytes<Figure>(new Square { Side = 1 }));
        Assert.Equal(1, Assert.IsType<Square>(Codecs.FromBytes<Figure>([42, 9, 9, 0, 0, 0, 0, 0, 0, 240, 63])).Side);
        Assert.True(MessageCodec<Figure>.Instance.Schema.IsUnion);
    }

    [Fact]
    public void A_sub_type_that_only_newer_builds_know_is_absent() => Assert.Null(Codecs.FromBytes<Figure>([66, 0]));

    [Fact]
    public void An_object_of_a_derived_type_is_refused_instead_of_cut()
    {
        Animal dog = new Dog { Name = "Rex" };
        Assert.Contains("[Union", Assert.ThrowsAny<Exception>(() => Codecs.ToBytes(dog)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => Codecs.ToJson(dog));
        Assert.ThrowsAny<Exception>(() => Codecs.Copy(dog));
    }

    [Fact]
    public void Members_of_a_base_type_are_part_of_the_message() => Assert.Equal(["name", "barks"], MessageCodec<Dog>.Instance.Schema.Fields.Select(f => f.Name));

    [Fact]
    public void A_null_in_a_list_is_refused_by_name() =>
        Assert.Contains("Everything.dogs", Assert.ThrowsAny<Exception>(() => Codecs.ToBytes(new Everything { Dogs = [null!] })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_cycle_of_objects_ends_in_an_exception()
    {
        var node = new Node();
        node.Next = node;
        Assert.ThrowsAny<Exception>(() => Codecs.ToBytes(node));
        Assert.ThrowsAny<Exception>(() => Codecs.Copy(node));
        Assert.ThrowsAny<Exception>(() => Codecs.ToJson(node));
    }

    [Theory]
    [InlineData(new byte[] { 16, 128, 2 })]
    [InlineData(new byte[] { 10, 1, 255 })]
    public void A_value_that_does_not_fit_its_member_is_malformed(byte[] bytes) => Assert.Throws<WireFormatException>(() => Codecs.FromBytes<Dog>(bytes));

    [Fact]
    public void Unknown_fields_are_skipped() => Assert.Equal("a", Codecs.FromBytes<Dog>([250, 1, 1, 7, 10, 1, 97]).Name);

    [Fact]
    public void A_known_number_with_another_wire_type_is_unknown() => Assert.Equal("", Codecs.FromBytes<Dog>([8, 1]).Name);

    [Fact]
    public void Closed_generic_types_have_codecs_of_their_own()
    {
        Assert.True(MessageCodec<Page<Point>>.Exists);
        Assert.True(MessageCodec<Page<int>>.Exists);
        Assert.Equal("PageOfPoint", MessageCodec<Page<Point>>.Instance.Schema.Name);
        Assert.Equal([1, 2], Codecs.FromBytes<Page<int>>(Codecs.ToBytes(new Page<int> { Items = [1, 2] })).Items);
    }

    [Fact]
    public void Nothing_is_written_for_defaults() => Assert.Empty(Codecs.ToBytes(new Dog { Name = "" }));
}
