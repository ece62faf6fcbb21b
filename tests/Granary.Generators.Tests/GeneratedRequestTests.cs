using System.Buffers;
using System.Text;
using System.Text.Json;
using Granary.Codec;
using Granary.Generators.Tests.Contracts;
using Granary.Generators.Tests.Support;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Granary.Schema;
using Orleans.Concurrency;

namespace Granary.Generators.Tests;

/// <summary>What the gateway gets of an exposed interface: its descriptor, and requests that read, call and write.</summary>
public sealed class GeneratedRequestTests
{
    private static readonly RpcCatalog s_catalog = new(RpcParts.All().SelectMany(p => p.Services).Where(s => s.InterfaceType.Assembly == typeof(IThingsGrain).Assembly));

    [Fact]
    public void The_descriptor_says_what_the_attributes_say()
    {
        var service = s_catalog.Find("things", 2)!;
        Assert.Equal("granary.generators.tests.contracts.v2.Things", service.FullName);
        Assert.Equal(RpcKeyKind.String, service.Key);
        Assert.Equal("Everything an exposed interface can have.", service.Summary);
        var sum = Method("things", 2, "Sum");
        Assert.True(sum.IsReadOnly);
        Assert.Equal(new RpcHttpRoute("GET", "/things/{key}/sum/{a}"), sum.Http);
        Assert.Equal(TimeSpan.FromSeconds(1.5), sum.Deadline);
        Assert.Equal("cheap", sum.RateLimit);
        Assert.Equal((CallPriority.Batch, CallPriority.Normal), (sum.Priority, Method("things", 2, "Save").Priority));
        Assert.Equal(("the \"team\"", new RpcObjective(TimeSpan.FromMilliseconds(200), 0.999)), (service.Owner, service.Objective));
        Assert.Equal("Adds a and b.", sum.Summary);
        Assert.Equal(["user", "admin"], sum.Access.Roles);
        Assert.Equal(["read", "write"], sum.Access.Scopes);
        Assert.True(Method("things", 2, "Find").Access.Anonymous);
        Assert.True(Method("things", 2, "Save").IsIdempotent);
        Assert.True(Method("things", 2, "Forget").IsOneWay);
        Assert.Same(MessageSchema.Empty, Method("things", 2, "Save").Reply);
        Assert.Contains(service.Methods, m => m.Name == "Counts");
        Assert.Equal("acme.mail.v1.Parcels", s_catalog.Find("parcels", 1)!.FullName);
        Assert.Equal(("Use ids.", new DateOnly(2027, 6, 1)), (s_catalog.Find("pairs", 1)!.Deprecated, s_catalog.Find("pairs", 1)!.Sunset!.Value));
    }

    [Fact]
    public void The_request_schema_tells_defaults_and_documentation()
    {
        var request = Method("things", 2, "Sum").Request;
        Assert.Equal("SumRequest", request.Name);
        Assert.Equal([("key", 1), ("a", 2), ("b", 3)], request.Fields.Select(f => (f.Name, f.Number)));
        Assert.True(request.Fields[0].IsKey);
        Assert.True(request.Fields[1].Required);
        Assert.Equal("The first.", request.Fields[1].Summary);
        Assert.False(request.Fields[2].Required);
        Assert.Equal("40", request.Fields[2].Default);
        Assert.Equal(SchemaLabel.Optional, request.Fields[2].Type.Label);
    }

    [Theory]
    [InlineData("Sum", RpcMethodKind.Unary)]
    [InlineData("Walk", RpcMethodKind.ServerStream)]
    [InlineData("Total", RpcMethodKind.ClientStream)]
    [InlineData("Rename", RpcMethodKind.Bidirectional)]
    public void The_four_kinds_are_told_apart(string method, RpcMethodKind kind) => Assert.Equal(kind, Method("things", 2, method).Kind);

    [Fact]
    public async Task A_call_by_json_reaches_the_grain_and_its_result_comes_back()
    {
        var request = Method("things", 2, "Sum").CreateRequest();
        ReadJson(request, """{"a":2}""", keyInBody: false);
        Assert.True(request.TrySetKey("k1"));
        var (factory, seen) = FakeGrains.Of(new Things());
        await request.InvokeAsync(factory, TestContext());
        Assert.Equal(["k1"], seen.Key);
        Assert.Equal("42", ResultJson(request));
        Assert.Equal([8, 42], ResultBytes(request));
        Assert.Equal("k1", request.KeyText);
    }

    [Fact]
    public async Task A_call_by_protobuf_reads_the_key_and_takes_defaults_for_what_is_absent()
    {
        var request = Method("things", 2, "Sum").CreateRequest();
        ReadBytes(request, [10, 2, (byte)'k', (byte)'2', 16, 2]);
        var (factory, seen) = FakeGrains.Of(new Things());
        await request.InvokeAsync(factory, TestContext());
        Assert.Equal(["k2"], seen.Key);
        Assert.Equal("42", ResultJson(request));

        request = Method("things", 2, "Sum").CreateRequest();
        ReadBytes(request, [10, 1, (byte)'k', 16, 2, 24, 0]); // b is 0, and says so
        await request.InvokeAsync(factory, TestContext());
        Assert.Equal("2", ResultJson(request));
    }

    [Theory]
    [InlineData("""{}""", false, "a: missing; an integer is expected")]
    [InlineData("""{"a":1,"c":2}""", false, "c: unknown field; the fields are a, b")]
    [InlineData("""{"a":1,"key":"k"}""", false, "key: unknown field; the fields are a, b")]
    [InlineData("""{"a":1}""", true, "key: missing")]
    [InlineData("""{"a":1,"a":1}""", false, "a: given twice")]
    [InlineData("""{"key":5,"a":1}""", true, "key: ")]
    [InlineData("""{"a":1.5}""", false, "a: an integer is expected")]
    [InlineData("""7""", false, "an object is expected")]
    public void Wrong_arguments_name_the_argument(string json, bool keyInBody, string problem)
    {
        var error = Assert.Throws<JsonFieldException>(() => ReadJson(Method("things", 2, "Sum").CreateRequest(), json, keyInBody));
        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_may_come_from_the_address()
    {
        var request = Method("things", 2, "Sum").CreateRequest();
        Assert.Contains("missing", Assert.Throws<JsonFieldException>(request.CheckArguments).Message, StringComparison.Ordinal);
        request.SetArgument("a", "5");
        request.CheckArguments();
        Assert.Equal("a: given twice; give it once", Assert.Throws<JsonFieldException>(() => request.SetArgument("a", "5")).Message);
        Assert.Equal("a", Assert.Throws<JsonFieldException>(() => ReadJson(request, """{"a":1}""", keyInBody: false)).Path);
        Assert.Equal("b", Assert.Throws<JsonFieldException>(() => request.SetArgument("b", "x")).Path);
        Assert.Contains("the parameters are a, b", Assert.Throws<JsonFieldException>(() => request.SetArgument("c", "x")).Message, StringComparison.Ordinal);
        Assert.Contains("body", Assert.Throws<JsonFieldException>(() => Method("things", 2, "Save").CreateRequest().SetArgument("points", "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_nullable_result_may_be_null()
    {
        var request = Method("things", 2, "Find").CreateRequest();
        ReadJson(request, """{"tone":"calm","key":"k"}""", keyInBody: true);
        await request.InvokeAsync(FakeGrains.Of(new Things()).Factory, TestContext());
        Assert.Equal("null", ResultJson(request));
        Assert.Empty(ResultBytes(request));
        Assert.Equal("result", Method("things", 2, "Find").Reply.Fields.Single().Name);
    }

    [Fact]
    public async Task Results_that_stream_are_written_one_by_one()
    {
        var request = Method("things", 2, "Walk").CreateRequest();
        ReadJson(request, """{"steps":2}""", keyInBody: false);
        request.TrySetKey("k");
        await request.InvokeAsync(FakeGrains.Of(new Things()).Factory, TestContext());
        var items = new List<string>();
        while (await request.MoveNextAsync()) items.Add(ResultJson(request));
        await request.DisposeAsync();
        Assert.Equal(["""{"x":0,"y":0}""", """{"x":1,"y":1}"""], items);
    }

    [Fact]
    public async Task Items_that_stream_in_reach_the_grain()
    {
        var request = Method("things", 2, "Total").CreateRequest();
        ReadJson(request, """{}""", keyInBody: false);
        request.TrySetKey("k");
        var call = request.InvokeAsync(FakeGrains.Of(new Things()).Factory, TestContext());
        foreach (var item in new[] { "1", "-3" })
        {
            Assert.True(await request.Items!.WaitForSpaceAsync(TestContext()));
            AddJson(request, item);
        }

        Assert.True(await request.Items!.WaitForSpaceAsync(TestContext()));
        AddBytes(request, [8, 5]);
        request.Items!.Complete();
        await call;
        Assert.Equal("103", ResultJson(request));
        Assert.Equal("value", Method("things", 2, "Total").RequestItem!.Fields.Single().Name);
    }

    [Fact]
    public async Task A_reply_in_json_is_its_message()
    {
        Assert.Equal("""{"result":"142"}""", ReplyJson(await Called("Total", """{"start":142}"""), JsonFormat.LongsAsStrings));
        Assert.Equal("""{"result":42}""", ReplyJson(await Called("Sum", """{"a":2}"""), JsonFormat.LongsAsStrings));
        Assert.Equal("""{"result":null}""", ReplyJson(await Called("Find", """{"tone":"calm"}"""), JsonFormat.LongsAsStrings));
        Assert.StartsWith("""{"result":{"name":"x",""", ReplyJson(await Called("Find", "{}"), JsonFormat.LongsAsStrings), StringComparison.Ordinal);
        Assert.Equal("{}", ReplyJson(await Called("Save", """{"person":{"name":"x","age":1},"points":[]}"""), JsonFormat.LongsAsStrings));
        var walk = await Called("Walk", """{"steps":1}""");
        Assert.True(await walk.MoveNextAsync());
        Assert.Equal("""{"x":0,"y":0}""", ReplyJson(walk, JsonFormat.LongsAsStrings));

        static async Task<RpcRequest> Called(string method, string json)
        {
            var request = Method("things", 2, method).CreateRequest();
            ReadJson(request, json, keyInBody: false);
            request.TrySetKey("k");
            request.Items?.Complete();
            await request.InvokeAsync(FakeGrains.Of(new Things()).Factory, TestContext());
            return request;
        }

        static string ReplyJson(RpcRequest request, JsonFormat format)
        {
            using var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream)) request.WriteReplyJson(writer, format);
            return Encoding.UTF8.GetString(stream.ToArray());
        }
    }

    [Fact]
    public async Task A_stream_both_ways_answers_each_item()
    {
        var request = Method("things", 2, "Rename").CreateRequest();
        ReadJson(request, """{"suffix":"!"}""", keyInBody: false);
        request.TrySetKey("k");
        await request.InvokeAsync(FakeGrains.Of(new Things()).Factory, TestContext());
        Assert.True(await request.Items!.WaitForSpaceAsync(TestContext()));
        AddJson(request, """{"name":"Ann","age":1}""");
        request.Items!.Complete();
        Assert.True(await request.MoveNextAsync());
        Assert.Contains("\"Ann!\"", ResultJson(request), StringComparison.Ordinal);
        Assert.False(await request.MoveNextAsync());
        await request.DisposeAsync();
    }

    [Fact]
    public async Task A_request_that_holds_the_key_is_the_message_itself()
    {
        var method = Method("parcels", 1, "Send");
        Assert.Equal(MessageCodec<Parcel>.Instance.Schema.FullName, method.Request.FullName);
        Assert.True(method.Request.Fields[0].IsKey);
        var request = method.CreateRequest();
        ReadJson(request, """{"number":77,"to":"Bo"}""", keyInBody: true);
        var (factory, seen) = FakeGrains.Of(new Parcels());
        await request.InvokeAsync(factory, TestContext());
        Assert.Equal([77L], seen.Key);
        Assert.Equal("""{"number":77,"to":"Bo","notes":["fragile"]}""", ResultJson(request));
    }

    [Fact]
    public async Task The_key_of_a_request_may_come_from_the_address_too()
    {
        var request = Method("parcels", 1, "Send").CreateRequest();
        ReadJson(request, """{"to":"Bo","notes":[]}""", keyInBody: false);
        Assert.False(request.TrySetKey("x"));
        Assert.True(request.TrySetKey("78"));
        await request.InvokeAsync(FakeGrains.Of(new Parcels()).Factory, TestContext());
        Assert.Equal("""{"number":78,"to":"Bo","notes":[]}""", ResultJson(request));

        request = Method("parcels", 1, "Send").CreateRequest();
        ReadJson(request, """{"number":77,"to":"Bo"}""", keyInBody: false);
        Assert.Equal("number", Assert.Throws<JsonFieldException>(() => request.TrySetKey("78")).Path);
    }

    [Fact]
    public async Task A_request_that_holds_the_key_comes_by_protobuf_too()
    {
        var request = Method("parcels", 1, "Send").CreateRequest();
        ReadBytes(request, Codecs.ToBytes(new Parcel { Number = 5, To = "Bo", Notes = [] }));
        await request.InvokeAsync(FakeGrains.Of(new Parcels()).Factory, TestContext());
        Assert.Equal("""{"number":5,"to":"Bo","notes":[]}""", ResultJson(request));
    }

    [Theory]
    [InlineData("pairs", "42+a+b", true)]
    [InlineData("pairs", "-1+x", true)]
    [InlineData("pairs", "42", false)]
    [InlineData("pairs", "42+", false)]
    [InlineData("pairs", "x+y", false)]
    [InlineData("ids", "0f8fad5b-d9cb-469f-a165-70867728950e", true)]
    [InlineData("ids", "0f8fad5bd9cb469fa16570867728950e", false)]
    [InlineData("parcels", "-9223372036854775808", true)]
    [InlineData("parcels", "9223372036854775808", false)]
    [InlineData("parcels", "1.0", false)]
    public void A_key_has_the_form_of_its_kind(string service, string key, bool valid)
    {
        var request = s_catalog.Find(service, 1)!.Methods[0].CreateRequest();
        Assert.Equal(valid, request.TrySetKey(key));
        Assert.Equal(valid ? key : null, request.KeyText);
    }

    [Fact]
    public async Task A_call_without_a_key_is_an_invalid_argument()
    {
        var request = Method("things", 2, "Sum").CreateRequest();
        ReadBytes(request, [10, 0, 16, 1]);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await request.InvokeAsync(FakeGrains.Of(new Things()).Factory, TestContext()));
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        Assert.Equal("key", error.Violations.Single().Field);
    }

    [Fact]
    public async Task An_absent_integer_key_is_0_in_protobuf()
    {
        var request = Method("parcels", 1, "Send").CreateRequest();
        ReadBytes(request, [18, 1, (byte)'x']);
        var (factory, seen) = FakeGrains.Of(new Parcels());
        await request.InvokeAsync(factory, TestContext());
        Assert.Equal([0L], seen.Key);
    }

    private static RpcMethod Method(string service, int version, string name) => s_catalog.Find(service, version)!.Methods.Single(m => m.Name == name);

    private static CancellationToken TestContext() => CancellationToken.None;

    private static void ReadJson(RpcRequest request, string json, bool keyInBody)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        request.ReadJson(ref reader, keyInBody);
    }

    private static void ReadBytes(RpcRequest request, byte[] bytes)
    {
        var reader = new WireReader(bytes);
        request.Read(ref reader);
    }

    private static void AddJson(RpcRequest request, string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        request.Items!.AddJson(ref reader);
    }

    private static void AddBytes(RpcRequest request, byte[] bytes)
    {
        var reader = new WireReader(bytes);
        request.Items!.Add(ref reader);
    }

    private static string ResultJson(RpcRequest request)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) request.WriteResultJson(writer, JsonFormat.Web);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static byte[] ResultBytes(RpcRequest request)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(16));
        request.WriteResult(ref writer);
        return writer.Written.ToArray();
    }

    private sealed class Parcels : IParcelsGrain
    {
        public Task<Parcel> Send(Parcel parcel, CancellationToken ct = default) => Task.FromResult(parcel);
    }

    private sealed class Things : IThingsGrain
    {
        public Task<int> Sum(int a, int b = 40, CancellationToken ct = default) => Task.FromResult(a + b);

        public ValueTask<Person?> Find(string? name = null, Tone tone = Tone.Loud) => new(tone == Tone.Calm ? null : new Person("x", 1));

        public Task Save(Person person, List<Point> points) => Task.CompletedTask;

        public Task Forget(long number) => Task.CompletedTask;

        public async IAsyncEnumerable<Point> Walk(int steps, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct = default)
        {
            for (var i = 0; i < steps; i++)
            {
                await Task.Yield();
                yield return new Point(i, i);
            }
        }

        public async Task<long> Total(RpcStream<short> numbers, long start = 100)
        {
            await foreach (var number in numbers) start += number;
            return start;
        }

        public async IAsyncEnumerable<Person> Rename(RpcStream<Person> people, string suffix)
        {
            await foreach (var person in people) yield return person with { Name = person.Name + suffix };
        }

        public Task<Immutable<List<int>>> Keep(Immutable<List<int>> numbers) => Task.FromResult(numbers);

        public Task<Dictionary<string, int>> Counts() => Task.FromResult(new Dictionary<string, int>());
    }
}
