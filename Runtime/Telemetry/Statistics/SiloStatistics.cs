using Granary.Rpc.Cluster;
using Granary.Statistics;
using Orleans;
using Orleans.Runtime;

namespace Granary.Telemetry.Statistics;

/// <summary>This silo's answers.</summary>
[GrainType(SiloStatisticsGrains.TypeName)]
[OnKeyedSilo]
internal sealed class SiloStatistics(IServiceProvider services) : Grain, ISiloStatistics
{
    private const int Most = 1000;

    // Missing where nothing is counted, or where the engine does not tell.
    private readonly CallRecorder? _calls = (CallRecorder?)services.GetService(typeof(CallRecorder));
    private readonly ProcessLog? _log = (ProcessLog?)services.GetService(typeof(ProcessLog));
    private readonly ISiloInspector? _silo = (ISiloInspector?)services.GetService(typeof(ISiloInspector));

    public Task<SiloFigures> Read(SiloQuestion question)
    {
        var figures = new FiguresReader(_calls);
        var knows = _calls is not null && question.Epoch == _calls.Epoch;
        var first = knows ? Math.Clamp(question.KnownMethods, 0, _calls!.Methods.Length) : 0;
        var grains = Math.Clamp(question.Grains, 0, Most);
        return Task.FromResult(new SiloFigures
        {
            Epoch = _calls?.Epoch ?? "",
            Ticks = Environment.TickCount64,
            Load = _silo is null ? null : Load(_silo.Load()),
            Total = figures.Total,
            FirstName = first,
            Names = question.Methods || question.Edges || grains > 0 ? figures.Names(first) : [],
            Methods = question.Methods || grains > 0 ? figures.Methods : [],
            Slowest = _calls is null ? [] : [.. _calls.Slowest(Math.Clamp(question.Slowest, 0, Most)).Select(figures.Call)],
            Hot = _calls is null || grains == 0 ? [] : [.. _calls.HotGrains(grains).Select(h => new GrainRate { Grain = h.Grain.ToString(), CallsPerSecond = h.PerSecond })],
            Mailboxes = _silo is null || grains == 0 ? [] : [.. _silo.LongestMailboxes(grains).Select(m => new GrainQueue { Grain = m.Grain.ToString(), Waiting = m.Waiting, Running = m.Running })],
            Classes = _silo is null || grains == 0 ? [] : [.. _silo.Classes().Select(c => new ClassFigures { GrainType = c.GrainType, ClassName = c.ClassName, Activations = c.Activations })],
            Edges = question.Edges ? figures.Edges() : [],
        });
    }

    public async Task<GrainFigures> Look(string grain)
    {
        var id = GrainId.Parse(grain);
        var figures = new FiguresReader(_calls);
        var found = _silo is null ? null : await _silo.FindAsync(id);
        return new GrainFigures
        {
            IsFound = found is not null,
            Since = found?.Since?.ToUnixTimeMilliseconds() ?? 0,
            LastUsed = found?.LastUsed?.ToUnixTimeMilliseconds() ?? 0,
            Waiting = found?.Waiting ?? -1,
            Running = found?.Running ?? -1,
            Calls = _calls is null ? [] : [.. _calls.Watch(id).Concat(_calls.Slowest(Most).Where(c => c.Grain == id)).Distinct().OrderByDescending(c => c.EndedAt).Select(figures.Call)],
            States = [.. (found?.States ?? []).Select(s => new StateFigures { Name = s.Name, Storage = s.Storage, Bytes = s.Bytes, Etag = s.Etag ?? "" })],
        };
    }

    public Task<LogPage> ReadLog(LogQuestion question) => Task.FromResult(_log?.Read(question) ?? new LogPage());

    public Task SetLevel(LevelOrder order)
    {
        _log?.Obey(order);
        return Task.CompletedTask;
    }

    private static LoadFigures Load(MemberLoad load) => new()
    {
        Activations = load.Activations,
        Clients = load.Clients,
        IsOverloaded = load.IsOverloaded,
        Cpu = load.CpuPercent,
        Memory = load.MemoryBytes,
        QueueDelayMs = load.QueueDelay?.TotalMilliseconds ?? -1,
        Suspects = [.. load.Suspects.Select(s => s.ToParsableString())],
    };
}
