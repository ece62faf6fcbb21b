using System.Text.Json.Serialization;
using Granary.Gateway.Authentication;
using Granary.Gateway.Blocking;

namespace Granary.ApiHost.Controllers;

/// <summary>Reads and writes the bodies of the admin endpoints without reflection.</summary>
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(BreakerView))]
[JsonSerializable(typeof(BreakerView[]))]
[JsonSerializable(typeof(ClusterView))]
[JsonSerializable(typeof(GrainTypeView[]))]
[JsonSerializable(typeof(GrainView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(LogLevelAnswer[]))]
[JsonSerializable(typeof(LogLevelOutcome))]
[JsonSerializable(typeof(LogLevelRequest))]
[JsonSerializable(typeof(IReadOnlyList<RevocationView>))]
[JsonSerializable(typeof(RevocationRequest))]
[JsonSerializable(typeof(IReadOnlyList<ApiKeyView>))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(RotateRequest))]
[JsonSerializable(typeof(NewKeyView))]
[JsonSerializable(typeof(IReadOnlyList<BlockView>))]
[JsonSerializable(typeof(BlockRequest))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(TokenView))]
internal sealed partial class AdminJson : JsonSerializerContext;
