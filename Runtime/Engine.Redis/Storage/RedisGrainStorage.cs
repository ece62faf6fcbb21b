using System.Globalization;
using System.Text;
using Granary.Codec;
using Granary.Engine.Storage;
using Granary.Hosting;
using Granary.Redis;
using Orleans;
using Orleans.Persistence;
using Orleans.Runtime;
using Orleans.Storage;
using StackExchange.Redis;

namespace Granary.Engine.Redis.Storage;

/// <summary>
/// States in Redis: one hash a state with its version, its bytes (protobuf), the stamp of its schema and the time of writing. Every change is a compare-and-set of the version; a version is never used again. Thread-safe.
/// </summary>
internal sealed class RedisGrainStorage : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>In front of the stored version in an answer that refuses: no version begins with it.</summary>
    private const char Refused = 'x';

    private static readonly RedisValue[] s_fields = ["etag", "data", "schema"];

    private readonly string _name;
    private readonly RedisConnection _connection;
    private readonly RedisStorageOptions _options;
    private readonly int _maxBytes;
    private readonly TimeProvider _time;
    private readonly byte[] _prefix;

    internal RedisGrainStorage(string name, RedisConnection connection, string serviceId, RedisStorageOptions options, int maxBytes, TimeProvider time)
    {
        _name = name;
        _connection = connection;
        _options = options;
        _maxBytes = maxBytes;
        _time = time;
        _prefix = Encoding.UTF8.GetBytes($"granary:{KeyPart.Escape(serviceId)}:state:{KeyPart.Escape(name)}:");
    }

    /// <summary>A silo that cannot reach its storage says so when it starts, not at the first grain.</summary>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        $"storage {_name}",
        ServiceLifecycleStage.ApplicationServices,
        cancellation => _connection.RunAsync(static db => db.KeyExistsAsync("granary:start"), cancellation),
        static _ => Task.CompletedTask);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var key = Key(stateName, grainId);
        var fields = await _connection.RunAsync(db => db.HashGetAsync(key, s_fields), cancellationToken);
        if (!fields[1].IsNull) grainState.State = Decode<T>(stateName, grainId, (byte[]?)fields[1], (string?)fields[2] ?? "");
        else grainState.State = StateCodec.NewState<T>();
        grainState.ETag = ((string?)fields[0])!;
        grainState.RecordExists = !fields[1].IsNull;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var data = StateCodec.Encode(grainState.State);
        StorageMetrics.Encoded(data.Length, stateName);
        if (data.Length > _maxBytes)
        {
            throw new ArgumentException(
                $"The state '{stateName}' of {grainId} has {data.Length} bytes; at most {_maxBytes} are stored. Divide it among several states or grains, or raise Granary:Engine:Redis:MaxStateBytes.", nameof(grainState));
        }

        var answer = await AskAsync(
            StateScripts.Write,
            Key(stateName, grainId),
            [grainState.ETag ?? "", NewVersion(), data, StateSchema<T>.Stamp, Now(), (long)(_options.EntryExpiry?.TotalMilliseconds ?? 0)],
            cancellationToken);
        grainState.ETag = Accepted(answer, stateName, grainId, grainState.ETag);
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(
            StateScripts.Clear, Key(stateName, grainId), [grainState.ETag ?? "", NewVersion(), _options.DeleteStateOnClear ? 1 : 0, Now()], cancellationToken);
        var version = Accepted(answer, stateName, grainId, grainState.ETag);
        grainState.ETag = version.Length == 0 ? null! : version;
        grainState.State = StateCodec.NewState<T>();
        grainState.RecordExists = false;
    }

    private static string NewVersion() => Guid.NewGuid().ToString("N")[..20].Replace(Refused, '_');

    private string Now() => _time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private RedisKey Key(string stateName, GrainId grain)
    {
        var state = Encoding.UTF8.GetBytes(KeyPart.Escape(stateName));
        return (byte[])[.. _prefix, .. state, (byte)':', .. grain.Type.AsSpan(), (byte)'/', .. grain.Key.AsSpan()];
    }

    private async Task<string> AskAsync(RedisScript script, RedisKey key, RedisValue[] values, CancellationToken cancellation) =>
        (string?)await _connection.RunAsync(script, [key], values, cancellation) ?? "";

    private string Accepted(string answer, string stateName, GrainId grain, string? expected)
    {
        if (!answer.StartsWith(Refused)) return answer;
        throw new InconsistentStateException(
            $"The state '{stateName}' of {grain} in the storage '{_name}' was changed by someone else.",
            answer.Length > 1 ? answer[1..] : "none",
            expected ?? "none");
    }

    private T Decode<T>(string stateName, GrainId grain, ReadOnlySpan<byte> data, string stamp)
    {
        Exception? reason = null;
        if (StateSchema.MayRead(stamp, StateSchema<T>.Stamp))
        {
            try
            {
                return StateCodec.Decode<T>(data);
            }
            catch (WireFormatException error)
            {
                reason = error;
            }
        }

        throw new RedisRequestException(
            RedisProblem.Other,
            $"The state '{stateName}' of {grain} in the storage '{_name}' was written as '{stamp}' and cannot be read as '{StateSchema<T>.Stamp}'. A type may gain and lose fields, but not give a field's number another type, "
            + $"and a renamed type with other fields needs [Alias] with its old name. The bytes are untouched, at the key {Key(stateName, grain)}.",
            reason ?? new InvalidOperationException("The stamps differ."));
    }
}
