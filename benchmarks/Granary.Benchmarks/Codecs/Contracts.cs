using System.Text.Json.Serialization;

namespace Granary.Benchmarks.Codecs;

/// <summary>Small: a reply of a few bytes.</summary>
[GenerateSerializer]
public sealed class Point
{
    [Id(0)] public double X { get; set; }

    [Id(1)] public double Y { get; set; }

    [Id(2)] public int Layer { get; set; }
}

[GenerateSerializer]
public sealed class OrderLine
{
    [Id(0)] public string Sku { get; set; } = "";

    [Id(1)] public int Quantity { get; set; }

    [Id(2)] public double Price { get; set; }
}

/// <summary>Medium: what a business call carries.</summary>
[GenerateSerializer]
public sealed class Order
{
    [Id(0)] public string OrderId { get; set; } = "";

    [Id(1)] public string Account { get; set; } = "";

    [Id(2)] public List<OrderLine> Lines { get; set; } = [];

    [Id(3)] public long PlacedAt { get; set; }

    [Id(4)] public bool Paid { get; set; }

    [Id(5)] public string Note { get; set; } = "";

    [Id(6)] public Dictionary<string, string> Labels { get; set; } = [];
}

/// <summary>Large: a batch.</summary>
[GenerateSerializer]
public sealed class Telemetry
{
    [Id(0)] public string Device { get; set; } = "";

    [Id(1)] public List<long> Moments { get; set; } = [];

    [Id(2)] public List<double> Values { get; set; } = [];

    [Id(3)] public List<Order> Orders { get; set; } = [];

    [Id(4)] public byte[] Raw { get; set; } = [];
}

/// <summary>System.Text.Json at its best: generated code, the same names.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Point))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Telemetry))]
internal sealed partial class TextJson : JsonSerializerContext;
