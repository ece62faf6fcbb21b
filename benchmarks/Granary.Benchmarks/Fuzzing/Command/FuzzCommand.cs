using System.Diagnostics;
using System.Globalization;
using Granary.Fuzzing;

namespace Granary.Benchmarks.Fuzzing;

/// <summary><c>./bench fuzz</c>: mutations of real traffic, given to everything that reads what strangers send.</summary>
internal static class FuzzCommand
{
    internal const string Name = "fuzz";

    private const string Usage = """
        ./bench fuzz [--seed N] [--count 1000000] [--from 0] [--recording FILE] [--input TARGET:HEX]

          --seed N          which inputs; printed, so that a run can be repeated (default: by chance)
          --count N         how many inputs
          --from N          the first one: with --count 1, one input of an earlier run
          --recording FILE  the traffic that is mutated, as a failed run has kept it; without, it is recorded now
          --input T:HEX     one input, as a failed run has printed it
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    internal static async Task<int> RunAsync(string[] args)
    {
        int seed;
        long count, from;
        string? file, input;
        try
        {
            (seed, count, from, file, input) = Parse(args);
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException)
        {
            Console.Error.WriteLine($"{error.Message}\n{Usage}");
            return 2;
        }

        var recording = file is null ? await Recorder.RecordAsync() : Recording.Load(file);
        Console.WriteLine($"recorded {recording.Streams.Count} directions of connections, {recording.Streams.Sum(static s => s.Frames.Length)} frames, {recording.Streams.Sum(static s => s.Frames.Sum(static f => f.Length)):N0} bytes");
        string? unobserved = null;
        TaskScheduler.UnobservedTaskException += (_, e) =>
        {
            // Of a faulted call that nobody awaited; only the engine's own tasks would be an error, and those end in one of these.
            if (e.Exception.InnerException is NullReferenceException or IndexOutOfRangeException or InvalidCastException) Interlocked.CompareExchange(ref unobserved, e.Exception.ToString(), null);
        };

        await using var run = new FuzzRun(recording);
        using var watch = Watch(run);
        string? failure;
        if (input is not null)
        {
            var colon = input.IndexOf(':', StringComparison.Ordinal);
            failure = await run.RepeatAsync(input[..colon], Convert.FromHexString(input[(colon + 1)..]));
            Console.WriteLine(failure ?? "nothing is wrong with it");
            return failure is null ? 0 : 1;
        }

        Console.WriteLine($"fuzzing with --seed {seed} --count {count}");
        var clock = Stopwatch.StartNew();
        var shown = Environment.TickCount64;
        var result = await run.RunAsync(seed, from, count, done =>
        {
            if (Environment.TickCount64 - shown < 5000) return;
            Console.WriteLine($"  {done:N0} of {count:N0} inputs, {done / clock.Elapsed.TotalSeconds:N0}/s");
            shown = Environment.TickCount64;
        });
        GC.Collect();
        GC.WaitForPendingFinalizers();
        failure = result.Failure ?? unobserved;
        if (failure is not null)
        {
            var kept = Path.GetFullPath($"fuzz-{seed}.recording");
            recording.Save(kept);
            Console.Error.WriteLine($"FAILED after {result.Inputs:N0} inputs: {failure}\nThe recording is kept in {kept}: repeat with --recording {kept} --seed {seed}");
            return 1;
        }

        Console.WriteLine($"{result.Inputs:N0} inputs in {result.Seconds:0.0} s ({result.Inputs / result.Seconds:N0}/s), seed {seed}: none broke anything");
        return 0;
    }

    /// <summary>A target that hangs cannot be interrupted: the run is ended, with the input.</summary>
    private static Timer Watch(FuzzRun run)
    {
        string? seen = null;
        return new Timer(
            _ =>
            {
                var current = run.Current;
                if (current is not null && ReferenceEquals(current, seen))
                {
                    Console.Error.WriteLine($"FAILED: this has gone on for {s_patience.TotalSeconds} s or more: {current}");
                    Environment.Exit(1);
                }

                seen = current;
            },
            null,
            s_patience,
            s_patience);
    }

    private static (int Seed, long Count, long From, string? Recording, string? Input) Parse(string[] args)
    {
        var (seed, count, from) = (Random.Shared.Next(1_000_000), 1_000_000L, 0L);
        string? recording = null, input = null;
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length) throw new ArgumentException($"{args[i]} needs a value.");
            var value = args[i + 1];
            switch (args[i])
            {
                case "--seed": seed = int.Parse(value, CultureInfo.InvariantCulture); break;
                case "--count": count = long.Parse(value, CultureInfo.InvariantCulture); break;
                case "--from": from = long.Parse(value, CultureInfo.InvariantCulture); break;
                case "--recording": recording = value; break;
                case "--input": input = value.Contains(':', StringComparison.Ordinal) ? value : throw new ArgumentException("--input wants TARGET:HEX."); break;
                default: throw new ArgumentException($"There is no option {args[i]}.");
            }
        }

        return (seed, count, from, recording, input);
    }
}
