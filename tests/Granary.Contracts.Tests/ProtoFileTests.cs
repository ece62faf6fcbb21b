using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Granary.Contracts.Tests.Support;
using Granary.Gateway.Contracts;
using Granary.Rpc.Catalog;
using Granary.Samples;
using Granary.Schema;

namespace Granary.Contracts.Tests;

/// <summary>The published contracts: protoc takes the text and makes of it the descriptors that reflection answers.</summary>
public sealed class ProtoFileTests
{
    private static readonly ProtoFiles s_everything = new(CatalogOf<IEverythingGrain>());
    private static readonly ProtoFiles s_samples = new(CatalogOf<ICalculatorGrain>());

    [Fact]
    public async Task Protoc_makes_of_the_text_of_everything_what_reflection_answers() => await ProtocAgrees(s_everything, 4);

    [Fact]
    public async Task Protoc_makes_of_the_samples_text_what_reflection_answers() => await ProtocAgrees(s_samples, 2);

    [Fact]
    public async Task What_was_removed_is_reserved_to_protoc_too()
    {
        var message = new MessageSchema
        {
            Package = "acme.v1",
            Name = "GetRequest",
            Fields = [new FieldSchema(1, "key", new SchemaType(SchemaKind.String)), new FieldSchema(4, "oldName", new SchemaType(SchemaKind.Enum, Enum: new EnumSchema("acme.v1", "Size", [new("Small", 1)]) { Reserved = [new(2, "Big"), new(-5, "Small")] }))],
            Reserved = [new(2, "unitPrice"), new(3, "oldName")],
        };
        var files = new ProtoFiles(new RpcCatalog([Service("acme.v1", message)]));
        await ProtocAgrees(files, 1);
        Assert.Contains("  reserved 2, 3;\n  reserved \"unit_price\";\n", files.Files["acme/v1.proto"], StringComparison.Ordinal);
        Assert.Contains("  reserved 2, -5;\n  reserved \"SIZE_BIG\";\n", files.Files["acme/v1.proto"], StringComparison.Ordinal);
        Assert.Contains("  SIZE_UNSPECIFIED = 0;\n", files.Files["acme/v1.proto"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_methods_are_those_of_the_catalog()
    {
        foreach (var (files, catalog) in new[] { (s_everything, CatalogOf<IEverythingGrain>()), (s_samples, CatalogOf<ICalculatorGrain>()) })
        {
            var expected = catalog.Services.SelectMany(s => s.Methods.Select(m => $"{s.FullName}/{m.Name} {m.Kind} {m.Request.FullName} {m.Reply.FullName}")).Order(StringComparer.Ordinal);
            var described = Build(files).SelectMany(f => f.Services).SelectMany(s => s.Methods.Select(m =>
                $"{s.FullName}/{m.Name} {KindOf(m)} {m.InputType.FullName} {m.OutputType.FullName}")).Order(StringComparer.Ordinal);
            Assert.Equal(expected, described);
            Assert.Equal(catalog.Services.Select(s => s.FullName).Order(StringComparer.Ordinal), files.Services);
        }

        static RpcMethodKind KindOf(MethodDescriptor method) => (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (false, false) => RpcMethodKind.Unary,
            (false, true) => RpcMethodKind.ServerStream,
            (true, false) => RpcMethodKind.ClientStream,
            _ => RpcMethodKind.Bidirectional,
        };
    }

    [Fact]
    public void The_text_says_what_the_contract_says()
    {
        var one = s_everything.Files["acme/contracts/v1.proto"];
        Contains(one, "// Everything that a contract can have, to be written as protobuf.\nservice Everything {\n");
        Contains(one, "  // Takes every scalar.");
        Contains(one, "    option idempotency_level = NO_SIDE_EFFECTS;\n");
        Contains(one, "    option idempotency_level = IDEMPOTENT;\n");
        Contains(one, "  // Deprecated: Use Draw.\n  // Sunset: 2027-06-01.\n  rpc Old(OldRequest) returns (OldReply) {\n    option deprecated = true;\n");
        Contains(one, "  // Absent, it is 40.\n  optional int32 start = 7;\n");
        Contains(one, "  // Absent, it is \"Blue\".\n  optional granary.contracts.tests.support.v1.Color shade = 8;\n");
        Contains(one, "  rpc Sum(stream SumRequest) returns (SumReply);\n");
        Contains(one, "message SumRequest {\n  string key = 1;\n  // Absent, it is 1.\n  optional int32 start = 3;\n  optional int64 item = 4;\n}\n");
        Contains(one, "  int32 user_id = 2 [json_name = \"userID\"];\n");
        Contains(one, "  .contracts.far.Elsewhere from = 2;\n");
        var types = s_everything.Files["granary/contracts/tests/support/v1.proto"];
        Contains(types, "message Shape {\n  oneof kind {\n    Circle circle = 1;\n    RoundedSquare rounded_square = 5;\n  }\n}\n");
        Contains(types, "  // Deprecated: Count them.\n  optional int32 height = 21 [deprecated = true];\n");
        Contains(types, "enum Weekday {\n  option allow_alias = true;\n  WEEKDAY_UNSPECIFIED = 0;\n  WEEKDAY_MONDAY = 1;\n  WEEKDAY_MOONDAY = 1;\n");
        Contains(types, "  string foo_bar = 2;\n  string foo_bar_3 = 3");
        Contains(s_everything.Files["acme/contracts/v2.proto"], "// On its way out.\n// Deprecated: There is no third.\n// Sunset: 2028-01-31.\nservice Everything {\n  option deprecated = true;\n");

        static void Contains(string text, string part) => Assert.True(text.Contains(part, StringComparison.Ordinal), $"{part}\n is not in\n{text}");
    }

    [Fact]
    public void Symbols_lead_to_their_file()
    {
        var file = s_samples.Descriptors["granary/samples/v1.proto"];
        foreach (var symbol in (string[])["granary.samples.v1.Calculator", "granary.samples.v1.Calculator.Multiply", "granary.samples.v1.MultiplyRequest", "granary.samples.v1.MultiplyRequest.key", "granary.samples.v1.OrderStatus", "granary.samples.v1.ORDER_STATUS_NONE"])
            Assert.Same(file, s_samples.FindSymbol(symbol));
        Assert.Equal("google/protobuf/empty.proto", s_samples.FindSymbol("google.protobuf.Empty")!.Name);
        Assert.Null(s_samples.FindSymbol("granary.samples.v1.Nobody"));
        Assert.Null(s_samples.FindSymbol(""));
    }

    [Fact]
    public void The_archive_holds_the_files_and_is_always_the_same()
    {
        using var zip = new ZipArchive(new MemoryStream(s_everything.Zip.ToArray()));
        var files = zip.Entries.ToDictionary(e => e.FullName, e => new StreamReader(e.Open(), Encoding.UTF8).ReadToEnd());
        Assert.Equal(s_everything.Files.OrderBy(f => f.Key, StringComparer.Ordinal), files);
        Assert.Equal(s_everything.Zip.ToArray(), new ProtoFiles(CatalogOf<IEverythingGrain>()).Zip.ToArray());
    }

    [Fact]
    public void Packages_that_use_each_other_are_refused_by_name()
    {
        MessageSchema two = null!;
        var one = new MessageSchema { Package = "one.v1", Name = "One", Fields = [new FieldSchema(1, "two", new SchemaType(SchemaKind.Message, () => two))] };
        two = new MessageSchema { Package = "two.v1", Name = "Two", Fields = [new FieldSchema(1, "one", new SchemaType(SchemaKind.Message, () => one))] };
        var error = Assert.Throws<InvalidOperationException>(() => new ProtoFiles(new RpcCatalog([Service("one.v1", one)])).Files);
        Assert.Contains("one.v1 -> two.v1 -> one.v1", error.Message, StringComparison.Ordinal);
        Assert.Contains("[Alias", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_messages_of_one_name_are_refused_by_name()
    {
        var one = new MessageSchema { Package = "one.v1", Name = "One", Fields = [] };
        var other = new MessageSchema { Package = "one.v1", Name = "One", Fields = [new FieldSchema(1, "a", new SchemaType(SchemaKind.Bool))] };
        var error = Assert.Throws<InvalidOperationException>(() => new ProtoFiles(new RpcCatalog([Service("one.v1", one), Service("two.v1", other)])).Files);
        Assert.Contains("one.v1.One", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_enum_values_of_one_name_are_refused_by_name()
    {
        var message = new MessageSchema
        {
            Package = "one.v1",
            Name = "One",
            Fields =
            [
                new FieldSchema(1, "a", new SchemaType(SchemaKind.Enum, Enum: new EnumSchema("one.v1", "User", [new("None", 0), new("RoleAdmin", 1)]))),
                new FieldSchema(2, "b", new SchemaType(SchemaKind.Enum, Enum: new EnumSchema("one.v1", "UserRole", [new("None", 0), new("Admin", 1)]))),
            ],
        };
        var error = Assert.Throws<InvalidOperationException>(() => new ProtoFiles(new RpcCatalog([Service("one.v1", message)])).Files);
        Assert.Contains("one.v1.USER_ROLE_ADMIN", error.Message, StringComparison.Ordinal);
    }

    private static RpcCatalog CatalogOf<TGrain>() => new(RpcParts.All().SelectMany(p => p.Services).Where(s => s.InterfaceType.Assembly == typeof(TGrain).Assembly && s.Name != "people"));

    private static RpcService Service(string package, MessageSchema request) => new()
    {
        Name = package.Replace('.', '-'),
        Version = 1,
        Package = package,
        ProtoName = "Things",
        InterfaceType = typeof(IEverythingGrain),
        Key = RpcKeyKind.String,
        Methods = [new RpcMethod { Name = "Get", Kind = RpcMethodKind.Unary, Request = request, Reply = MessageSchema.Empty, CreateRequest = () => null!, Access = RpcAccess.Authenticated }],
    };

    private static async Task ProtocAgrees(ProtoFiles files, int count)
    {
        Assert.Equal(count, files.Files.Count);
        var theirs = await Protoc.CompileAsync(files.Files);
        foreach (var name in files.Files.Keys)
        {
            var ours = FileDescriptorProto.Parser.ParseFrom(files.Descriptors[name].Bytes.Span);
            Assert.Equal(theirs.File.Single(f => f.Name == name).ToString(), ours.ToString());
        }

        // The well-known ones have options for languages, which say nothing of the wire.
        foreach (var file in theirs.File.Where(f => !files.Files.ContainsKey(f.Name)))
        {
            var ours = FileDescriptorProto.Parser.ParseFrom(files.Descriptors[file.Name].Bytes.Span);
            Assert.Equal(file.MessageType, ours.MessageType);
            Assert.Equal(file.Package, ours.Package);
        }

        Assert.Equal(theirs.File.Select(f => f.Name).Order(StringComparer.Ordinal), FileDescriptorSet.Parser.ParseFrom(files.DescriptorSet.Span).File.Select(f => f.Name).Order(StringComparer.Ordinal));
        Build(files);
    }

    /// <summary>Every file as a client of reflection builds it: from the set, each after those it imports.</summary>
    private static IReadOnlyList<FileDescriptor> Build(ProtoFiles files) =>
        FileDescriptor.BuildFromByteStrings(FileDescriptorSet.Parser.ParseFrom(files.DescriptorSet.Span).File.Select(f => f.ToByteString()));
}
