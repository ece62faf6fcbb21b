using System.CommandLine;
using System.Globalization;
using Granary.Cli.Bench;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;

namespace Granary.Cli.Commands;

/// <summary><c>granary bench</c>: calls a method again and again, and measures.</summary>
internal static class BenchCommand
{
    private static readonly TimeSpan s_refresh = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var arguments = new CallArguments();
        var concurrency = new Option<int>("--concurrency", "-c") { Description = "Calls at a time, at most.", DefaultValueFactory = _ => 16, HelpName = "calls" };
        var rate = new Option<double?>("--rate", "-r") { Description = "Calls a second, whatever becomes of earlier ones; without it each call follows the one before.", HelpName = "calls" };
        var duration = new Option<string>("--duration", "-d") { Description = "For how long: 10s, 5m.", DefaultValueFactory = _ => "10s", HelpName = "time" };
        var warmUp = new Option<string>("--warm-up", "-w") { Description = "For how long before it is measured.", DefaultValueFactory = _ => "2s", HelpName = "time" };
        var keys = new Option<int?>("--keys", "-k") { Description = "How many keys: {i} in the key and the arguments counts from 0. 1000 when the key has {i}.", HelpName = "count" };
        var timeout = new Option<string?>("--timeout") { Description = "How long each call may take, for example 500ms.", HelpName = "time" };
        var http2 = new Option<bool>("--http2") { Description = "On HTTP/2: all calls share few connections." };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var command = new Command("bench", "Calls a method again and again, and prints throughput, latency, errors and how the calls were spread over the silos.") { concurrency, rate, duration, warmUp, keys, timeout, http2, json };
        arguments.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (service, key, method) = arguments.Target(parsed);
            var plan = new LoadPlan(service, key, method, await arguments.JsonAsync(parsed, LoadPlan.Placeholder, cancellation))
            {
                Keys = Within("--keys", parsed.GetValue(keys) ?? (key.Contains(LoadPlan.Placeholder, StringComparison.Ordinal) ? 1000 : 1), 1, 10_000_000),
                Concurrency = Within("--concurrency", parsed.GetValue(concurrency), 1, 10_000),
                Rate = parsed.GetValue(rate) is { } wanted ? Within("--rate", wanted, 0.1, 10_000_000) : null,
                Duration = Time("--duration", parsed.GetRequiredValue(duration)),
                WarmUp = Time("--warm-up", parsed.GetRequiredValue(warmUp)),
                Http2 = parsed.GetValue(http2),
                Timeout = parsed.GetValue(timeout),
            };
            if (plan.Duration == TimeSpan.Zero) throw new UsageException("--duration is 0; write 10s or 5m");
            using var host = HostSettings.Connect(parsed, plan.Concurrency);
            var contract = (await ServiceContract.TryReadAsync(host, cancellation))?.Find(service, method);
            if (contract?.Item is not null) throw new UsageException($"{method} takes a stream, which bench cannot send; it measures methods that do not");
            return await RunAsync(host, plan, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(HostClient host, LoadPlan plan, bool asJson, CancellationToken cancellation)
    {
        var run = new LoadRun(host, plan);
        var running = run.RunAsync(cancellation);
        await ShowAsync(run, running);

        // Interrupted, the report is of what there was until then.
        await running;
        var interrupted = cancellation.IsCancellationRequested;
        var (silos, problem) = run.Latency.Count == 0 || interrupted ? (null, interrupted ? "interrupted" : "no call went well") : await SiloShares.FindAsync(host, plan, run, cancellation);
        var report = new LoadReport(host, plan, run, silos, problem);
        if (asJson)
        {
            await using var output = Console.OpenStandardOutput();
            report.WriteJson(output);
        }
        else
        {
            report.WriteText(Console.Out);
        }

        if (interrupted) return ExitCode.Interrupted;
        if (run.Latency.Count > 0) return ExitCode.Ok;
        return run.Errors.Count > 0 && run.Errors.Keys.All(code => code is "UNREACHABLE" or "BROKEN") ? ExitCode.Unreachable : ExitCode.Failed;
    }

    private static async Task ShowAsync(LoadRun run, Task running)
    {
        if (Console.IsErrorRedirected) return;
        while (!running.IsCompleted)
        {
            await running.WaitAsync(s_refresh).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Console.Error.Write($"\r\u001b[K{(run.Measured == TimeSpan.Zero ? "warming up" : LoadReport.Progress(run))}");
        }

        Console.Error.Write("\r\u001b[K");
    }

    private static T Within<T>(string option, T value, T least, T most)
        where T : IComparable<T>, IFormattable =>
        value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0 ? value : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} is {value}; {least} to {most} is accepted"));

    private static TimeSpan Time(string option, string text)
    {
        var (unit, digits) = text switch
        {
            [.., 'm', 's'] => (TimeSpan.FromMilliseconds(1), text[..^2]),
            [.., 's'] => (TimeSpan.FromSeconds(1), text[..^1]),
            [.., 'm'] => (TimeSpan.FromMinutes(1), text[..^1]),
            _ => (TimeSpan.FromSeconds(1), text),
        };
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit.TotalHours <= 24
            ? number * unit : throw new UsageException($"{option} is '{text}'; write 500ms, 10s or 5m, up to a day");
    }
}
