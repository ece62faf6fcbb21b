using Granary.Schema;

namespace Granary.Gateway.Contracts;

/// <summary>Those of protobuf's well-known types that contracts mention, from their published fields. Tools have the texts; reflection wants the descriptors.</summary>
internal static class WellKnownFiles
{
    /// <summary>The files, by name.</summary>
    public static IReadOnlyList<ProtoFile> All { get; } =
    [
        File("Duration", ("seconds", 1, Int64), ("nanos", 2, Int32)),
        File("Empty"),
        File("Timestamp", ("seconds", 1, Int64), ("nanos", 2, Int32)),
    ];

    private static ProtoType Int64 => new("int64", 3);

    private static ProtoType Int32 => new("int32", 5);

    private static ProtoFile File(string name, params (string Name, int Number, ProtoType Type)[] fields) => new(
        $"google/protobuf/{name.ToLowerInvariant()}.proto",
        "google.protobuf",
        [],
        [],
        [new ProtoMessage(name, ProtoComment.None, [.. fields.Select(f => new ProtoField(f.Name, f.Name, f.Number, f.Type, SchemaLabel.Single, null, ProtoComment.None))], null, [])],
        []);
}
