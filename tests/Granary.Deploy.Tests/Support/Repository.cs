using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Granary.Deploy.Tests.Support;

/// <summary>The files of the repository.</summary>
internal static class Repository
{
    private static readonly IDeserializer s_reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
    private static readonly ISerializer s_writer = new SerializerBuilder().JsonCompatible().Build();

    internal static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Root").Value!;

    internal static string At(string path) => Path.Combine(Root, path);

    internal static string Read(string path) => File.ReadAllText(At(path));

    /// <summary>A file of one YAML document, anchors and merges resolved.</summary>
    internal static JsonObject Yaml(string path) => Documents(Read(path)).Single();

    /// <summary>The documents of a YAML text.</summary>
    internal static List<JsonObject> Documents(string yaml)
    {
        var parser = new MergingParser(new Parser(new StringReader(yaml)));
        parser.Consume<YamlDotNet.Core.Events.StreamStart>();
        List<JsonObject> documents = [];
        while (parser.Accept<YamlDotNet.Core.Events.DocumentStart>(out _))
        {
            if (s_reader.Deserialize(parser) is { } document) documents.Add(JsonNode.Parse(s_writer.Serialize(document), documentOptions: new JsonDocumentOptions { AllowTrailingCommas = false })!.AsObject());
        }

        return documents;
    }
}
