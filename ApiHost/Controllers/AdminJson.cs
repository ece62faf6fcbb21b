using System.Text.Json.Serialization;

namespace Granary.ApiHost.Controllers;

/// <summary>Reads and writes the bodies of the admin endpoints without reflection.</summary>
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(ClusterView))]
[JsonSerializable(typeof(GrainTypeView[]))]
[JsonSerializable(typeof(GrainView))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(TokenView))]
internal sealed partial class AdminJson : JsonSerializerContext;
