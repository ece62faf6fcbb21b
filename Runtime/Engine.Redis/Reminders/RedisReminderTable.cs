using System.Globalization;
using System.Text;
using Granary.Redis;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Granary.Engine.Redis.Reminders;

/// <summary>Reminders in Redis: a hash with a row for each, and a sorted set that finds them by their grain's hash. Thread-safe.</summary>
/// <remarks>
/// A reminder's name there is <c>length:grain:name</c>, the length being the grain id's in bytes; its row is <c>version start period</c>. A range is read page by page, so it is no snapshot: a row that is there all the time is
/// in it once.
/// </remarks>
internal sealed partial class RedisReminderTable(RedisConnection connection, string serviceId, ILogger logger) : IReminderTable
{
    private const int PageSize = 1000;

    private readonly RedisKey _rows = ServiceKeys.Reminders(serviceId);
    private readonly RedisKey[] _keys = [ServiceKeys.Reminders(serviceId), ServiceKeys.ReminderRing(serviceId)];

    /// <summary>Fails when Redis cannot be reached.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => connection.RunAsync(db => db.KeyExistsAsync(_rows), cancellationToken);

    public async Task<ReminderTableData> ReadRows(GrainId grainId)
    {
        var rows = new List<ReminderEntry>();
        RedisValue hash = grainId.GetUniformHashCode();
        await ReadAsync(rows, hash, hash);
        rows.RemoveAll(r => r.GrainId != grainId);
        return new ReminderTableData(rows);
    }

    public async Task<ReminderTableData> ReadRows(uint begin, uint end)
    {
        var rows = new List<ReminderEntry>();
        if (begin < end)
        {
            await ReadAsync(rows, $"({begin}", end);
        }
        else
        {
            await ReadAsync(rows, $"({begin}", "+inf");
            await ReadAsync(rows, "-inf", end);
        }

        return new ReminderTableData(rows);
    }

    public async Task<ReminderEntry> ReadRow(GrainId grainId, string reminderName)
    {
        var name = Name(grainId, reminderName);
        var row = await connection.RunAsync(db => db.HashGetAsync(_rows, name), CancellationToken.None);
        return row.IsNull ? null! : Read(name, row)!;
    }

    public async Task<string> UpsertRow(ReminderEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var version = Guid.NewGuid().ToString("N")[..20];
        var start = entry.StartAt.Kind == DateTimeKind.Local ? entry.StartAt.ToUniversalTime() : DateTime.SpecifyKind(entry.StartAt, DateTimeKind.Utc);
        await connection.RunAsync(
            ReminderScripts.Upsert,
            _keys,
            [Name(entry.GrainId, entry.ReminderName), string.Create(CultureInfo.InvariantCulture, $"{version} {start:O} {entry.Period:c}"), entry.GrainId.GetUniformHashCode()],
            CancellationToken.None);
        return version;
    }

    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag) =>
        (int)await connection.RunAsync(ReminderScripts.Remove, _keys, [Name(grainId, reminderName), eTag], CancellationToken.None) == 1;

    public Task TestOnlyClearTable() => connection.RunAsync(db => db.KeyDeleteAsync(_keys), CancellationToken.None);

    [LoggerMessage(1221, LogLevel.Warning, "The reminder '{Reminder}' in {Key} at Redis {Server} cannot be read and is left out: its row is no 'version start period'.")]
    private static partial void LogRow(ILogger logger, string reminder, string key, string server);

    private static byte[] Name(GrainId grain, string reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        var length = grain.Type.AsSpan().Length + 1 + grain.Key.AsSpan().Length;
        return [.. Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture)), (byte)':', .. grain.Type.AsSpan(), (byte)'/', .. grain.Key.AsSpan(), (byte)':', .. Encoding.UTF8.GetBytes(reminder)];
    }

    private async Task ReadAsync(List<ReminderEntry> rows, RedisValue least, RedisValue greatest)
    {
        while (true)
        {
            var answer = (RedisValue[]?)await connection.RunAsync(ReminderScripts.Page, _keys, [least, greatest, PageSize], CancellationToken.None) ?? [];
            for (var i = 1; i + 1 < answer.Length; i += 2)
            {
                if (Read((byte[]?)answer[i] ?? [], answer[i + 1]) is { } row) rows.Add(row);
            }

            var last = answer.Length == 0 ? "" : (string?)answer[0] ?? "";
            if (last.Length == 0) return;
            least = $"({last}";
        }
    }

    private ReminderEntry? Read(byte[] name, RedisValue row)
    {
        var parts = ((string?)row ?? "").Split(' ');
        var colon = Array.IndexOf(name, (byte)':');
        if (parts.Length == 3
            && colon > 0
            && int.TryParse(name.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length >= 2
            && length < name.Length - colon - 1
            && name[colon + 1 + length] == (byte)':'
            && ReadGrain(name.AsSpan(colon + 1, length)) is { } grain
            && DateTime.TryParseExact(parts[1], "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var start)
            && TimeSpan.TryParseExact(parts[2], "c", CultureInfo.InvariantCulture, out var period))
        {
            return new ReminderEntry { GrainId = grain, ReminderName = Encoding.UTF8.GetString(name.AsSpan(colon + 2 + length)), StartAt = start, Period = period, ETag = parts[0] };
        }

        LogRow(logger, Encoding.UTF8.GetString(name), _rows.ToString(), connection.Server);
        return null;
    }

    private static GrainId? ReadGrain(ReadOnlySpan<byte> text)
    {
        var slash = text.IndexOf((byte)'/');
        return slash <= 0 ? null : new GrainId(new GrainType(text[..slash].ToArray()), new IdSpan(text[(slash + 1)..].ToArray()));
    }
}
