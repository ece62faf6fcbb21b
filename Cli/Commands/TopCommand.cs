using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Granary.Cli.Connection;
using Granary.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Granary.Cli.Commands;

/// <summary><c>granary top</c>: the silos and their grains, live.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan s_keyWait = TimeSpan.FromMilliseconds(50);

    public static Command Create()
    {
        var interval = new Option<double>("--interval", "-i") { Description = "Seconds between two looks, 0.2 to 3600.", DefaultValueFactory = _ => 1, HelpName = "seconds" };
        var once = new Option<bool>("--once") { Description = "Look once, print and end; so it does when the output is no terminal." };
        var command = new Command("top", "Shows the silos and their grains, live; q ends it. Needs the role admin.") { interval, once };
        command.SetAction(async (parsed, cancellation) =>
        {
            var wait = parsed.GetValue(interval);
            if (wait is not (>= 0.2 and <= 3600)) throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--interval is {wait}; 0.2 to 3600 seconds are accepted"));
            using var host = HostSettings.Connect(parsed);
            if (parsed.GetValue(once) || !Terminal.IsInteractive) Terminal.Out.Write(await LookAsync(host, cancellation));
            else await WatchAsync(host, TimeSpan.FromSeconds(wait), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task WatchAsync(HostClient host, TimeSpan interval, CancellationToken cancellation)
    {
        var first = await LookAsync(host, cancellation);
        await Terminal.Out.Live(first).AutoClear(true).StartAsync(async live =>
        {
            while (!await IsEndedAsync(interval, cancellation))
            {
                try
                {
                    live.UpdateTarget(await LookAsync(host, cancellation));
                }
                catch (Exception error) when (error is HostUnreachableException or HttpRequestException)
                {
                    // It may be restarting: what was seen last is not shown as if it were now.
                    live.UpdateTarget(new Markup($"[red]{Markup.Escape(Terminal.Clean(error.Message))}[/]\n"));
                }
            }
        });
    }

    private static async Task<bool> IsEndedAsync(TimeSpan interval, CancellationToken cancellation)
    {
        for (var waited = TimeSpan.Zero; waited < interval; waited += s_keyWait)
        {
            while (Console.KeyAvailable)
            {
                if (Console.ReadKey(intercept: true).Key is ConsoleKey.Q or ConsoleKey.Escape) return true;
            }

            await Task.Delay(s_keyWait, cancellation);
        }

        return false;
    }

    private static async Task<IRenderable> LookAsync(HostClient host, CancellationToken cancellation)
    {
        using var cluster = await host.GetJsonAsync("admin/cluster", cancellation);
        using var grains = await host.GetJsonAsync("admin/grains", cancellation);
        var silos = cluster.RootElement.GetProperty("silos").EnumerateArray().ToArray();
        var head = new Text(string.Create(CultureInfo.InvariantCulture, $"{host.Address}  version {cluster.RootElement.GetProperty("version").GetInt64()}  {silos.Length} silos  {silos.Sum(s => Number(s, "activations") ?? 0):#,0} grains\n"));
        return new Rows(head, Silos(silos), new Text(""), Grains(grains.RootElement, silos));
    }

    private static Table Silos(JsonElement[] silos)
    {
        var table = Terminal.Table("SILO", "NAME", "STATUS", "RELEASE", "GRAINS", "CLIENTS", "CPU %", "MEMORY MB", "QUEUE MS", " ");
        foreach (var silo in silos)
        {
            var status = Word(silo, "status");
            var trouble = string.Join("  ", new[]
            {
                silo.TryGetProperty("overloaded", out var overloaded) && overloaded.ValueKind == JsonValueKind.True ? "overloaded" : "",
                silo.TryGetProperty("suspectedBy", out var suspects) && suspects.GetArrayLength() > 0 ? $"suspected by {suspects.GetArrayLength()}" : "",
                Word(silo, "problem"),
            }.Where(t => t.Length > 0));
            table.AddRow(
                new Text(Word(silo, "address")), new Text(Word(silo, "name")), new Text(status, new Style(status == "Active" ? Color.Green : status == "Dead" ? Color.Red : Color.Yellow)), new Text(Word(silo, "release")),
                Cell(Number(silo, "activations"), "#,0"), Cell(Number(silo, "clients"), "#,0"), Cell(Number(silo, "cpuPercent"), "0.0"), Cell(Number(silo, "memoryBytes") / (1024 * 1024), "#,0"), Cell(Number(silo, "queueDelayMs"), "0.0"),
                new Text(trouble, new Style(Color.Red)));
        }

        return table;
    }

    private static Table Grains(JsonElement types, JsonElement[] silos)
    {
        const int Most = 20;
        var table = Terminal.Table("GRAINS OF CLASS", "ALL", "BY SILO");
        foreach (var type in types.EnumerateArray().OrderByDescending(t => Number(t, "activations")).Take(Most))
        {
            // In the order of the silos above; addresses again would be too wide.
            var by = type.GetProperty("silos");
            table.AddRow(new Text(Word(type, "class")), Cell(Number(type, "activations"), "#,0"), new Text(string.Join("  ", silos.Select(s => by.TryGetProperty(Word(s, "address"), out var count) ? count.GetRawText() : "0"))));
        }

        return table;
    }

    private static Text Cell(double? number, string format) => new Text(number?.ToString(format, CultureInfo.InvariantCulture) ?? "").RightJustified();

    private static double? Number(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string Word(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Terminal.Clean(value.GetString()!) : "";
}
