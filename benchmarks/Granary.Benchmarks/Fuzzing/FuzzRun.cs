using System.Diagnostics;

namespace Granary.Fuzzing;

/// <summary>How a run ended.</summary>
/// <param name="Inputs">Inputs given.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Failure">What went wrong, with the input; null when nothing did.</param>
internal sealed record FuzzResult(long Inputs, double Seconds, string? Failure);

/// <summary>Gives the targets inputs, one by one. Input <c>i</c> of a seed is the same in every run over the same recording.</summary>
internal sealed class FuzzRun : IAsyncDisposable
{
    /// <summary>Inputs between two checks. A check takes three seconds: calls whose silo cannot be reached are tried again for so long.</summary>
    private const int Batch = 20_000;

    /// <summary>What a batch may allocate besides: good clients, timers, the test itself.</summary>
    private const long BatchOverhead = 128 << 20;

    private readonly FuzzLog _log = new();
    private readonly FuzzProcess _process;
    private readonly FuzzTarget[] _targets;
    private readonly FuzzTarget[] _byShare;
    private string? _current;

    internal FuzzRun(Recording recording)
    {
        _process = FuzzProcess.Client("reader", _log);
        _targets =
        [
            new FramesTarget(recording, _process), new ErrorsTarget(recording), new ContextsTarget(recording), new ViewsTarget(recording),
            new HelloTarget(recording, hasSecret: false), new HelloTarget(recording, hasSecret: true), new WelcomeTarget(recording, hasSecret: false), new WelcomeTarget(recording, hasSecret: true),
            new AcceptedTarget(recording, _log), new DialledTarget(recording, _log), new SocketTarget(recording, _log, hasSecret: false), new SocketTarget(recording, _log, hasSecret: true),
        ];
        _byShare = [.. _targets.SelectMany(static t => Enumerable.Repeat(t, t.Share))];
    }

    /// <summary>What is being done now: for whoever watches that it ends.</summary>
    internal string? Current => Volatile.Read(ref _current);

    /// <param name="seed">Which inputs.</param>
    /// <param name="from">The first.</param>
    /// <param name="count">How many.</param>
    /// <param name="progress">Told now and then how many have been given.</param>
    internal async Task<FuzzResult> RunAsync(int seed, long from, long count, Action<long>? progress = null)
    {
        var clock = Stopwatch.StartNew();
        for (var done = 0L; done < count; done += Batch)
        {
            var inputs = (int)Math.Min(Batch, count - done);
            if (await BatchAsync(seed, from + done, inputs) is { } failure) return new FuzzResult(done + inputs, clock.Elapsed.TotalSeconds, failure);
            progress?.Invoke(done + inputs);
        }

        return new FuzzResult(count, clock.Elapsed.TotalSeconds, null);
    }

    /// <summary>Gives one target one input again.</summary>
    /// <exception cref="ArgumentException">There is no such target.</exception>
    internal async Task<string?> RepeatAsync(string name, byte[] input)
    {
        var target = _targets.FirstOrDefault(t => t.Name == name) ?? throw new ArgumentException($"There is no target '{name}'. There are: {string.Join(", ", _targets.Select(static t => t.Name))}.");
        return await FeedAsync(target, input, "repeated") ?? await CheckAsync("repeated");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var target in _targets) await target.EndAsync();
        await _process.DisposeAsync();
    }

    private async Task<string?> BatchAsync(int seed, long from, int count)
    {
        var allowed = BatchOverhead;
        var before = GC.GetTotalAllocatedBytes();
        for (var i = from; i < from + count; i++)
        {
            var random = new Random(unchecked((seed * 31) + (int)(i * 2654435761L)));
            var target = _byShare[random.Next(_byShare.Length)];
            var input = target.Make(random);
            allowed += target.Memory.Once + (target.Memory.EachByte * input.Length);
            if (await FeedAsync(target, input, $"--seed {seed} --from {i}") is { } failure) return failure;
        }

        var which = $"--seed {seed} --from {from} --count {count}";
        if (await CheckAsync(which) is { } unrest) return unrest;
        var allocated = GC.GetTotalAllocatedBytes() - before;
        return allocated <= allowed ? null : $"{which}: {allocated:N0} bytes were allocated for inputs that may take {allowed:N0}.";
    }

    private async Task<string?> FeedAsync(FuzzTarget target, byte[] input, string which, int repeated = 0)
    {
        Volatile.Write(ref _current, $"{which}, target {target.Name}, input {Convert.ToHexString(input)}");
        var thread = Environment.CurrentManagedThreadId;
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            await target.FeedAsync(input);
        }
        catch (Exception error)
        {
            return $"{Current}:{Environment.NewLine}{error}";
        }

        // Exact where all of it happened on this thread; the batch has a bound for the others.
        var allocated = thread == Environment.CurrentManagedThreadId ? GC.GetAllocatedBytesForCurrentThread() - before : 0;
        var allowed = target.Memory.Once + (target.Memory.EachByte * input.Length);
        // Again: the runtime and its pools allocate for themselves at times. An input that makes us allocate does so each time.
        if (allocated > allowed && repeated < 3) return await FeedAsync(target, input, which, repeated + 1);
        if (allocated > allowed) return $"{Current}: {allocated:N0} bytes were allocated; {allowed:N0} are allowed.";
        return _log.TryTake(out var logged) ? $"{Current}: an error was logged:{Environment.NewLine}{logged}" : null;
    }

    private async Task<string?> CheckAsync(string which)
    {
        foreach (var target in _targets)
        {
            Volatile.Write(ref _current, $"{which}, the check of {target.Name}");
            try
            {
                await target.CheckAsync();
            }
            catch (Exception error)
            {
                return $"{Current}:{Environment.NewLine}{error}";
            }
        }

        return _log.TryTake(out var logged) ? $"{which}: an error was logged:{Environment.NewLine}{logged}" : null;
    }
}
