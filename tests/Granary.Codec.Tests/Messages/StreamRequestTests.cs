using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Granary.Schema;

namespace Granary.Codec.Tests.Messages;

/// <summary>The messages of a caller's stream: key and arguments in the first, an item in each, against protoc's code for the same schema.</summary>
public sealed class StreamRequestTests
{
    private static readonly RpcService s_service = RpcParts.All().SelectMany(p => p.Services).Single(s => s.InterfaceType == typeof(ICollectorGrain));

    [Fact]
    public async Task A_scalar_is_an_optional_field_of_the_request() =>
        await Carries(new Protoc.NumbersRequest { Key = "k", Name = "n" }, "Numbers", v => new Protoc.NumbersRequest { Item = v }, [1.5, 0d, -2], """{"item":0}""", 0d);

    [Fact]
    public async Task A_message_is_the_field_itself() =>
        await Carries(
            new Protoc.LeavesRequest { Key = "k", Start = 7 },
            "Leaves",
            v => new Protoc.LeavesRequest { Item = v.Protoc() },
            [new Leaf("a", 1), new Leaf("", 0)],
            """{"item":{"name":"a","weight":1}}""",
            new Leaf("a", 1));

    [Fact]
    public async Task A_list_is_wrapped() =>
        await Carries(new Protoc.ListsRequest { Key = "k" }, "Lists", v => new Protoc.ListsRequest { Item = new() { Value = { v } } }, [[1, -2], new List<int>()], """{"item":{"value":[3]}}""", [3]);

    [Fact]
    public async Task A_map_is_wrapped() =>
        await Carries(
            new Protoc.MapsRequest { Key = "k" },
            "Maps",
            v => new Protoc.MapsRequest { Item = new() { Value = { v.ToDictionary(p => p.Key, p => p.Value.Protoc()) } } },
            [new Dictionary<string, Leaf> { ["a"] = new("b", 1) }, []],
            """{"item":{}}""",
            []);

    [Fact]
    public async Task What_may_be_null_is_wrapped()
    {
        await Carries<int?>(
            new Protoc.OptionalsRequest { Key = "k" },
            "Optionals",
            v => new Protoc.OptionalsRequest { Item = v is { } value ? new() { Value = value } : new() },
            [0, null, -7],
            """{"item":{"value":null}}""",
            null);
    }

    [Fact]
    public async Task An_enum_is_an_optional_field_of_the_request() =>
        await Carries(new Protoc.ColorsRequest { Key = "k" }, "Colors", v => new Protoc.ColorsRequest { Item = (Protoc.Color)v }, [Color.Blue, Color.None, (Color)99, Color.Minus], """{"item":"COLOR_BLUE"}""", Color.Blue);

    [Fact]
    public async Task A_date_is_an_optional_text() => await Carries(
        new Protoc.DatesRequest { Key = "k" }, "Dates", v => new Protoc.DatesRequest { Item = v.ToString("O") }, [new DateOnly(2026, 5, 1)], """{"item":"2026-05-01"}""", new DateOnly(2026, 5, 1));

    [Fact]
    public async Task A_time_is_a_timestamp() => await Carries(
        new Protoc.TimesRequest { Key = "k" }, "Times", v => new Protoc.TimesRequest { Item = v.ToTimestamp() }, [DateTime.UnixEpoch, DateTime.UnixEpoch.AddTicks(1)], """{"item":"1970-01-01T00:00:00Z"}""", DateTime.UnixEpoch);

    [Fact]
    public async Task The_first_message_may_carry_an_item_too()
    {
        var message = new Protoc.LeavesRequest { Key = "k", Start = 7, Item = new() { Name = "a", Weight = 1 } }.ToByteArray();
        var request = Request("Leaves");
        Read(request, message);
        Assert.Equal("k", request.KeyText);
        Assert.True(TryAdd(request, message));
        Assert.Equal([new Leaf("a", 1)], await Items<Leaf>(request));

        const string Json = """{"key":"k","item":{"name":"a","weight":1},"start":7}""";
        request = Request("Leaves");
        ReadJson(request, Json, keyInBody: true);
        Assert.Equal("k", request.KeyText);
        Assert.True(TryAddJson(request, Json));
        Assert.Equal([new Leaf("a", 1)], await Items<Leaf>(request));
    }

    [Fact]
    public void A_message_without_an_item_says_so()
    {
        Assert.False(TryAdd(Request("Leaves"), []));
        Assert.False(TryAdd(Request("Leaves"), new Protoc.LeavesRequest { Key = "k", Start = 1 }.ToByteArray()));
        Assert.False(TryAdd(Request("Numbers"), [0x18, 1])); // field 3 as an integer: another field to protoc too
        Assert.False(TryAddJson(Request("Leaves"), """{"key":"k","start":1}"""));
        Assert.False(TryAddJson(Request("Leaves"), """{"item":null}"""));
    }

    [Fact]
    public void The_item_is_no_argument_where_it_is_not_asked_for()
    {
        Assert.StartsWith("item: unknown field", Refused("""{"item":1}""", keyInBody: false).Message, StringComparison.Ordinal);
        Assert.Contains("key, name, item", Refused("""{"key":"k","itm":1}""", keyInBody: true).Message, StringComparison.Ordinal);

        static JsonFieldException Refused(string json, bool keyInBody) => Assert.Throws<JsonFieldException>(() => ReadJson(Request("Numbers"), json, keyInBody));
    }

    [Theory]
    [InlineData("Numbers", """{"item":"x"}""", "item")]
    [InlineData("Numbers", """{"item":1,"item":2}""", "item")]
    [InlineData("Leaves", """{"item":{"name":"a","weight":"b"}}""", "item.weight")]
    [InlineData("Lists", """{"item":[1]}""", "item")]
    [InlineData("Lists", """{"item":{"value":[1,"x"]}}""", "item.value[1]")]
    [InlineData("Lists", """{"item":{"value":[1],"value":[1]}}""", "item.value")]
    [InlineData("Lists", """7""", "")]
    public void An_item_that_does_not_fit_is_named(string method, string json, string path) =>
        Assert.Equal(path, Assert.Throws<JsonFieldException>(() => TryAddJson(Request(method), json)).Path);

    [Fact]
    public void Damaged_messages_end_in_a_clean_error_or_in_what_protoc_takes_too()
    {
        var random = new Random(20261121);
        Try("Leaves", new Protoc.LeavesRequest { Key = "key", Start = 300, Item = new() { Name = "name", Weight = 70000 } }, m => Protoc.LeavesRequest.Parser.ParseFrom(m).Item is not null);
        Try("Lists", new Protoc.ListsRequest { Key = "key", Item = new() { Value = { 1, 300, -1 } } }, m => Protoc.ListsRequest.Parser.ParseFrom(m).Item is not null);
        Try("Numbers", new Protoc.NumbersRequest { Key = "key", Name = "name", Item = 2.5 }, m => Protoc.NumbersRequest.Parser.ParseFrom(m).HasItem);
        Try("Colors", new Protoc.ColorsRequest { Key = "key", Item = Protoc.Color.Minus }, m => Protoc.ColorsRequest.Parser.ParseFrom(m).HasItem);

        void Try(string method, IMessage message, Func<byte[], bool> protocHasItem)
        {
            var accepted = 0;
            for (var i = 0; i < 3000; i++)
            {
                var bytes = Damage.Apply(message.ToByteArray(), random);
                try
                {
                    var added = TryAdd(Request(method), bytes);
                    Assert.Equal(protocHasItem(bytes), added);
                    accepted++;
                }
                catch (WireFormatException)
                {
                }
            }

            Assert.InRange(accepted, 1, 2999);
        }
    }

    [Fact]
    public void The_request_schema_has_the_item_last()
    {
        Assert.Equal([("key", 1), ("start", 3), ("item", 4)], Fields("Leaves").Select(f => (f.Name, f.Number)));
        Assert.Equal([false, false, true], Fields("Leaves").Select(f => f.IsItem));
        Assert.Equal(("Leaf", SchemaLabel.Single), (Fields("Leaves")[^1].Type.Message!().Name, Fields("Leaves")[^1].Type.Label));
        Assert.Equal((SchemaKind.Double, SchemaLabel.Optional), (Fields("Numbers")[^1].Type.Kind, Fields("Numbers")[^1].Type.Label));
        Assert.Equal((SchemaKind.Enum, SchemaLabel.Optional), (Fields("Colors")[^1].Type.Kind, Fields("Colors")[^1].Type.Label));
        var wrapper = Fields("Lists")[^1].Type.Message!();
        Assert.Equal(("ListsItem", SchemaLabel.Repeated), (wrapper.Name, wrapper.Fields.Single().Type.Label));
        Assert.Equal("OptionalsItem", Fields("Optionals")[^1].Type.Message!().Name);

        static IReadOnlyList<FieldSchema> Fields(string method) => s_service.Methods.Single(m => m.Name == method).Request.Fields;
    }

    private static async Task Carries<T>(IMessage first, string method, Func<T, IMessage> message, T[] items, string json, T fromJson)
    {
        var request = Request(method);
        Read(request, first.ToByteArray());
        Assert.False(TryAdd(request, first.ToByteArray()));
        Assert.Equal("k", request.KeyText);
        var number = request.Method.Request.Fields.Single(f => f.IsItem).Number;
        foreach (var item in items)
        {
            var theirs = message(item).ToByteArray();
            Assert.Equal(theirs, Wire.Ours((ref w) => RpcItemCodec<T>.Instance.WriteField(ref w, number, item)));
            Assert.True(TryAdd(request, theirs));
        }

        Assert.True(TryAddJson(request, json));
        Assert.Equal([.. items, fromJson], await Items<T>(request));
    }

    private static RpcRequest Request(string method) => s_service.Methods.Single(m => m.Name == method).CreateRequest();

    private static void Read(RpcRequest request, byte[] message)
    {
        var reader = new WireReader(message);
        request.Read(ref reader);
    }

    private static void ReadJson(RpcRequest request, string json, bool keyInBody)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        request.ReadJson(ref reader, keyInBody);
    }

    private static bool TryAdd(RpcRequest request, byte[] message)
    {
        var reader = new WireReader(message);
        var added = request.Items!.TryAdd(ref reader);
        Assert.True(reader.AtEnd);
        return added;
    }

    private static bool TryAddJson(RpcRequest request, string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        var added = request.Items!.TryAddJson(ref reader);
        Assert.False(reader.Read());
        return added;
    }

    private static async Task<List<T>> Items<T>(RpcRequest request)
    {
        request.Items!.Complete();
        return await ((RpcStreamItems<T>)request.Items).Stream.ReadAll();
    }
}
