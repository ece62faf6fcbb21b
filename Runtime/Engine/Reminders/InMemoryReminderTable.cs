using System.Globalization;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Reminders;

/// <summary>Reminders in this process's memory; silos of one test cluster share them. They are gone when the process is. Thread-safe.</summary>
internal sealed class InMemoryReminderTable : IReminderTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(GrainId Grain, string Name), ReminderEntry> _rows = [];
    private long _version;

    public Task<ReminderTableData> ReadRows(GrainId grainId)
    {
        lock (_lock) return Task.FromResult(new ReminderTableData(_rows.Values.Where(r => r.GrainId == grainId).Select(Copy)));
    }

    public Task<ReminderTableData> ReadRows(uint begin, uint end)
    {
        lock (_lock) return Task.FromResult(new ReminderTableData(_rows.Values.Where(r => HashRange.Contains(begin, end, r.GrainId.GetUniformHashCode())).Select(Copy)));
    }

    public Task<ReminderEntry> ReadRow(GrainId grainId, string reminderName)
    {
        lock (_lock) return Task.FromResult(_rows.TryGetValue((grainId, reminderName), out var row) ? Copy(row) : null!);
    }

    public Task<string> UpsertRow(ReminderEntry entry)
    {
        var row = Copy(entry);
        lock (_lock)
        {
            row.ETag = (++_version).ToString(CultureInfo.InvariantCulture);
            _rows[(row.GrainId, row.ReminderName)] = row;
        }

        return Task.FromResult(row.ETag);
    }

    public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
    {
        lock (_lock) return Task.FromResult(_rows.TryGetValue((grainId, reminderName), out var row) && row.ETag == eTag && _rows.Remove((grainId, reminderName)));
    }

    public Task TestOnlyClearTable()
    {
        lock (_lock) _rows.Clear();
        return Task.CompletedTask;
    }

    private static ReminderEntry Copy(ReminderEntry row) => new()
    {
        GrainId = row.GrainId,
        ReminderName = row.ReminderName,
        StartAt = row.StartAt,
        Period = row.Period,
        ETag = row.ETag,
    };
}
