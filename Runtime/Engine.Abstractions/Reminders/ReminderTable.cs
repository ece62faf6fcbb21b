using Orleans.Runtime;
using Orleans.Services;

namespace Orleans
{
    /// <summary>Stores reminders. Rows are guarded by a version (ETag). Thread-safe.</summary>
    public interface IReminderTable
    {
        Task StartAsync(CancellationToken cancellationToken = default)
#pragma warning disable CS0618 // implementations which predate StartAsync
            => Init();
#pragma warning restore CS0618

        [Obsolete("Implement and use StartAsync instead")]
        Task Init() => Task.CompletedTask;

        /// <summary>The reminders of a grain.</summary>
        Task<ReminderTableData> ReadRows(GrainId grainId);

        /// <summary>
        /// The reminders of the grains whose uniform hash is in (begin, end]; with begin not less than end, the range goes around the end of the ring.
        /// </summary>
        Task<ReminderTableData> ReadRows(uint begin, uint end);

        /// <summary>One reminder; null when there is none.</summary>
        Task<ReminderEntry> ReadRow(GrainId grainId, string reminderName);

        /// <summary>Stores a reminder and returns its new version.</summary>
        Task<string> UpsertRow(ReminderEntry entry);

        /// <summary>Removes a reminder if its version is <paramref name="eTag"/>; false when it is not.</summary>
        Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag);

        /// <summary>Removes every reminder.</summary>
        Task TestOnlyClearTable();

        Task StopAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    /// <summary>Reminders as read from a table.</summary>
    [GenerateSerializer]
    public sealed class ReminderTableData
    {
        public ReminderTableData() => Reminders = [];

        public ReminderTableData(IEnumerable<ReminderEntry> list) => Reminders = [.. list];

        public ReminderTableData(ReminderEntry entry) => Reminders = [entry];

        [Id(0)]
        public IList<ReminderEntry> Reminders { get; private set; }

        public override string ToString() => $"[{Reminders.Count} reminders: {string.Join(", ", Reminders)}]";
    }

    /// <summary>One stored reminder.</summary>
    [GenerateSerializer]
    public sealed class ReminderEntry
    {
        [Id(0)]
        public GrainId GrainId { get; set; }

        [Id(1)]
        public string ReminderName { get; set; } = "";

        /// <summary>When the first tick is due, UTC.</summary>
        [Id(2)]
        public DateTime StartAt { get; set; }

        [Id(3)]
        public TimeSpan Period { get; set; }

        /// <summary>The version of the row; null before it is stored.</summary>
        [Id(4)]
        public string? ETag { get; set; }

        public override string ToString() => FormattableString.Invariant($"<{GrainId} {ReminderName}, from {StartAt:O} every {Period:c}, version {ETag}>");
    }

    /// <summary>A part of the engine which is called like a grain and lives on a silo.</summary>
    public interface ISystemTarget : IAddressable;

    /// <summary>Runs reminders on a silo.</summary>
    public interface IReminderService : IGrainService
    {
        Task Start();

        Task Stop();

        Task<IGrainReminder> RegisterOrUpdateReminder(GrainId grainId, string reminderName, TimeSpan dueTime, TimeSpan period);

        Task UnregisterReminder(IGrainReminder reminder);

        Task<IGrainReminder> GetReminder(GrainId grainId, string reminderName);

        Task<List<IGrainReminder>> GetReminders(GrainId grainId);
    }
}

namespace Orleans.Services
{
    /// <summary>A service that runs on every silo, each for a part of all grains.</summary>
    public interface IGrainService : ISystemTarget;

    /// <summary>Calls the silo whose <typeparamref name="TGrainService"/> is responsible.</summary>
    public interface IGrainServiceClient<TGrainService>
        where TGrainService : IGrainService;
}

namespace Orleans.Timers
{
    /// <summary>Registers reminders, on whichever silo runs them.</summary>
    public interface IReminderRegistry : IGrainServiceClient<IReminderService>
    {
        Task<IGrainReminder> RegisterOrUpdateReminder(GrainId callingGrainId, string reminderName, TimeSpan dueTime, TimeSpan period);

        Task UnregisterReminder(GrainId callingGrainId, IGrainReminder reminder);

        Task<IGrainReminder?> GetReminder(GrainId callingGrainId, string reminderName);

        Task<List<IGrainReminder>> GetReminders(GrainId callingGrainId);
    }
}
