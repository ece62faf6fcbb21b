using System.Text.Json.Serialization;

namespace Granary.ApiHost.Discovery;

/// <summary>Writes the answers of discovery without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServiceList))]
[JsonSerializable(typeof(ServiceInstances))]
internal sealed partial class DiscoveryJson : JsonSerializerContext;
