using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;
using Granary.Rpc.Catalog;

namespace Granary.Codec.Tests.Messages;

/// <summary>The JSON form of proto3 against Google's formatter and parser: each reads what the other wrote.</summary>
public sealed class ProtoJsonTests
{
    private static readonly JsonFormatter s_brief = JsonFormatter.Default;
    private static readonly JsonFormatter s_full = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));
    private static readonly JsonFormatter s_protoNames = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatEnumsAsIntegers(true));

    [Fact]
    public void Optional_fields_are_the_same()
    {
        // Google's parser takes durations of at most 10,000 years.
        AreTheSame(AnyMessage.Optionals.Select(v => v with { Time = v.Time is { } time ? new TimeSpan(time.Ticks % (3_652_500 * TimeSpan.TicksPerDay)) : null }), v => v.Protoc(), Protoc.Optionals.Parser);
    }

    [Fact]
    public void Lists_are_the_same() => AreTheSame(AnyMessage.Lists, v => v.Protoc(), Protoc.Lists.Parser);

    [Fact]
    public void Maps_are_the_same() => AreTheSame(AnyMessage.Maps, v => v.Protoc(), Protoc.Maps.Parser);

    [Fact]
    public void Recursive_messages_are_the_same() => AreTheSame(AnyMessage.Tree, v => v.Protoc(), Protoc.Tree.Parser);

    [Fact]
    public void Unions_are_the_same_as_a_oneof() => AreTheSame(AnyMessage.Drawing, v => v.Protoc(), Protoc.Drawing.Parser);

    [Fact]
    public void Enums_have_their_names_of_the_proto()
    {
        Assert.Contains("\"mood\":\"COLOR_BLUE\"", Codecs.ToJson(new PersonNew { Mood = Color.Blue }, JsonFormat.LongsAsStrings), StringComparison.Ordinal);
        Assert.Contains("\"mood\":12345", Codecs.ToJson(new PersonNew { Mood = (Color)12345 }, JsonFormat.LongsAsStrings), StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_may_stand_between_quotes()
    {
        var value = Read<Optionals>("""{"number":"7","large":"8","positive":"9","narrow":"1.5","wide":"-2e3","price":"1.10"}""");
        Assert.Equal(new Optionals { Number = 7, Large = 8, Positive = 9, Narrow = 1.5f, Wide = -2000, Price = 1.10m }, value);
        Assert.Throws<JsonFieldException>(() => Codecs.FromJson<Optionals>("""{"number":"7"}"""));
    }

    [Fact]
    public void What_is_unknown_is_skipped_and_what_is_absent_or_null_is_the_default()
    {
        Assert.Equal(new Leaf("", 3), Read<Leaf>("""{"color":{"deep":[1,{"name":"x"}]},"weight":3}"""));
        Assert.Equal(new Leaf("", 0), Read<Leaf>("{}"));
        Assert.Equal(new Leaf("", 0), Read<Leaf>("""{"name":null,"weight":null}"""));
        Assert.Null(Read<Drawing>("""{"first":{"triangle":{"side":1}}}""").First);
        Assert.Null(Read<Drawing>("""{"first":{"circle":null}}""").First);
    }

    [Fact]
    public void A_field_given_twice_is_refused_in_both_names()
    {
        Refused<Scalars>("""{"largePositive":"1","large_positive":"2"}""", "largePositive");
        Refused<Drawing>("""{"first":{"circle":{"radius":1},"square":{"side":1}}}""", "first.square");
    }

    [Fact]
    public void A_request_follows_the_same_rules()
    {
        var method = RpcParts.All().SelectMany(p => p.Services).Single(s => s.InterfaceType == typeof(ICollectorGrain)).Methods.Single(m => m.Name == "Leaves");
        var request = method.CreateRequest();
        ReadRequest(request, """{"key":"k","start":null,"later":[1]}""");
        Assert.Equal("k", request.KeyText);
        request = method.CreateRequest();
        ReadRequest(request, "{}");
        Assert.Null(request.KeyText);

        static void ReadRequest(RpcRequest request, string json)
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            request.ReadJson(ref reader, keyInBody: true, JsonFormat.LongsAsStrings);
        }
    }

    private static T Read<T>(string json) => Codecs.FromJson<T>(json, JsonFormat.LongsAsStrings);

    private static void Refused<T>(string json, string path) => Assert.Equal(path, Assert.Throws<JsonFieldException>(() => Read<T>(json)).Path);

    private static void AreTheSame<T, TMessage>(Gen<T> values, Func<T, TMessage> protoc, MessageParser<TMessage> parser)
        where TMessage : IMessage<TMessage> => ForAll.Cases(values, v =>
    {
        var theirs = protoc(v);
        Assert.Equal(theirs, parser.ParseJson(Codecs.ToJson(v, JsonFormat.LongsAsStrings)));
        foreach (var formatter in new[] { s_brief, s_full, s_protoNames }) Assert.Equal(theirs, protoc(Read<T>(formatter.Format(theirs))));
    });
}
