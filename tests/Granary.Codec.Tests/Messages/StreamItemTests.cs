using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;
using Granary.Rpc;

namespace Granary.Codec.Tests.Messages;

/// <summary>Items of streams, as protobuf and as JSON.</summary>
public sealed class StreamItemTests
{
    [Fact]
    public void An_item_that_is_no_message_is_one_with_the_field_value()
    {
        Assert.Equal(new Protoc.ColorItem { Value = Protoc.Color.Blue }.ToByteArray(), Encode(Color.Blue));
        Assert.Equal(new Protoc.ListItem { Value = { 1, -2, 300 } }.ToByteArray(), Encode(new List<int> { 1, -2, 300 }));
        Assert.Equal(new Protoc.OptionalItem { Value = 0 }.ToByteArray(), Encode<int?>(0));
        Assert.Equal(new Protoc.OptionalItem().ToByteArray(), Encode<int?>(null));
        Assert.Equal(new Protoc.TextItem { Value = "€" }.ToByteArray(), Encode("€"));
        Assert.Equal(new Protoc.TextItem { Value = "2026-05-01" }.ToByteArray(), Encode(new DateOnly(2026, 5, 1)));
        Assert.Equal(
            new Protoc.MapItem { Value = { ["a"] = new Protoc.Leaf { Name = "b", Weight = 1 } } }.ToByteArray(),
            Encode(new Dictionary<string, Leaf> { ["a"] = new("b", 1) }));
    }

    [Fact]
    public void An_item_that_is_a_message_is_that_message()
    {
        Assert.Equal(new Protoc.Leaf { Name = "a", Weight = 1 }.ToByteArray(), Encode(new Leaf("a", 1)));
        Assert.Equal(new Protoc.Shape { Circle = new Protoc.Circle { Radius = 1.5 } }.ToByteArray(), Encode<Shape>(new Circle(1.5)));
    }

    [Fact]
    public void Items_of_every_kind_make_both_round_trips()
    {
        RoundTrips(Color.Blue, "\"Blue\"");
        RoundTrips(new List<int> { 1, -2 }, "[1,-2]");
        RoundTrips<int?>(7, "7");
        RoundTrips<int?>(null, "null");
        RoundTrips("€\n", "\"\\u20AC\\n\"");
        RoundTrips(new DateOnly(2026, 5, 1), "\"2026-05-01\"");
        RoundTrips((short)-7, "-7");
        RoundTrips(new Leaf("a", 1), """{"name":"a","weight":1}""");
        RoundTrips<Shape>(new Square(2, null), """{"$type":"Square","side":2}""");
        RoundTrips(1.5, "1.5");
        RoundTrips(7L, "7");
    }

    [Fact]
    public void Items_that_can_change_are_copied()
    {
        var list = new List<int> { 1 };
        var copy = RpcItemCodec<List<int>>.Instance.Copy(list);
        Assert.NotSame(list, copy);
        Assert.Equal(list, copy);

        var leaf = new Leaf("a", 1);
        Assert.Same(leaf, RpcItemCodec<Leaf>.Instance.Copy(leaf));
    }

    [Fact]
    public async Task Items_from_outside_reach_the_grain_and_what_does_not_fit_is_refused()
    {
        var items = new RpcStreamItems<Leaf>(2);
        Assert.True(await items.WaitForSpaceAsync(default));
        AddJson("""{"name":"a","weight":1}""");
        Add(new Protoc.Leaf { Name = "b", Weight = 2 }.ToByteArray());
        Assert.Equal("weight", Assert.Throws<JsonFieldException>(() => AddJson("""{"name":"a","weight":"x"}""")).Path);
        Assert.Throws<WireFormatException>(() => Add([0x0A, 0x05]));
        items.Complete();

        Assert.Equal([new Leaf("a", 1), new Leaf("b", 2)], await items.Stream.ReadAll());

        void AddJson(string json)
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            reader.Read();
            items.AddJson(ref reader);
        }

        void Add(byte[] message)
        {
            var reader = new WireReader(message);
            items.Add(ref reader);
        }
    }

    [Fact]
    public void A_type_that_cannot_be_streamed_says_what_to_do() =>
        Assert.Contains("[GenerateSerializer]", Assert.Throws<InvalidOperationException>(() => RpcItemCodec<StreamItemTests>.Instance).Message, StringComparison.Ordinal);

    private static byte[] Encode<T>(T item) => Wire.Ours((ref w) => RpcItemCodec<T>.Instance.Write(ref w, item));

    private static void RoundTrips<T>(T item, string json)
    {
        var codec = RpcItemCodec<T>.Instance;
        Assert.Equal(item, Wire.Read(Encode(item), codec.Read));
        Assert.Equal(json, Json.Write(w => codec.WriteJson(w, item, JsonFormat.Web)));
        Assert.Equal(item, Json.Read(json, codec.ReadJson));
    }
}
