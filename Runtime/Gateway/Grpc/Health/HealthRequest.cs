using System.Text.Json;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Orleans;

namespace Granary.Gateway.Grpc.Health;

/// <summary>A question about the health of the host or of a service, asked once or watched.</summary>
internal sealed class HealthRequest(RpcMethod method, ReadyState ready, IReadOnlySet<string> services) : SystemRequest(method)
{
    private static readonly string[] s_names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

    private string _service = "";
    private ServingStatus _status;
    private CancellationToken _cancellation;
    private PeriodicTimer? _timer;

    // By the numbers of health.proto.
    private enum ServingStatus
    {
        Unknown = 0,
        Serving = 1,
        NotServing = 2,
        ServiceUnknown = 3,
    }

    public override void Read(ref WireReader reader)
    {
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == 10) _service = reader.ReadString();
            else reader.Skip(tag);
        }
    }

    public override void ReadJson(ref Utf8JsonReader reader, bool keyInBody, JsonFormat format = JsonFormat.Web)
    {
        if (reader.TokenType == JsonTokenType.None) reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonFieldException("", "an object is expected");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isService = reader.ValueTextEquals("service"u8);
            reader.Read();
            if (!isService) reader.Skip();
            else _service = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonFieldException("service", "a text is expected");
        }
    }

    public override async ValueTask InvokeAsync(IGrainFactory grains, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        if (Method.Kind != RpcMethodKind.Unary) return;
        _status = await StatusAsync();
        if (_status == ServingStatus.ServiceUnknown) throw new RpcException(StatusCode.NotFound, $"there is no service '{_service}'; the empty name is the host as a whole");
    }

    // The first answer at once, then every change.
    public override async ValueTask<bool> MoveNextAsync()
    {
        _timer ??= new PeriodicTimer(ReadyState.Freshness);
        while (true)
        {
            var status = await StatusAsync();
            if (status != _status)
            {
                _status = status;
                return true;
            }

            await _timer.WaitForNextTickAsync(_cancellation);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _timer?.Dispose();
        return default;
    }

    public override void WriteResult(ref WireWriter writer)
    {
        writer.WriteTag(8);
        writer.WriteInt32((int)_status);
    }

    public override void WriteResultJson(Utf8JsonWriter writer, JsonFormat format)
    {
        writer.WriteStartObject();
        writer.WriteString("status"u8, s_names[(int)_status]);
        writer.WriteEndObject();
    }

    private async ValueTask<ServingStatus> StatusAsync()
    {
        if (!services.Contains(_service)) return ServingStatus.ServiceUnknown;
        return await ready.IsReadyAsync().WaitAsync(_cancellation) ? ServingStatus.Serving : ServingStatus.NotServing;
    }
}
