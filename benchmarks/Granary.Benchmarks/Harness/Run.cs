namespace Granary.Benchmarks.Harness;

/// <summary>Runs the chosen benchmarks one after the other and prints the table.</summary>
internal static class Run
{
    /// <returns>The exit code: 0, or 1 when a benchmark could not run. A missed budget is a row of the table, not a failure.</returns>
    internal static async Task<int> AllAsync(IReadOnlyList<IBenchmark> all, Options options)
    {
        var session = new Session(options.Quick);
        List<string> notes = [];
        Console.WriteLine(Machine.Describe());
        for (var i = 0; i < 5; i++) CpuLoop.Run();
        foreach (var benchmark in all)
        {
            if (options.Names.Count > 0 && !options.Names.Any(n => benchmark.Name.StartsWith(n, StringComparison.OrdinalIgnoreCase))) continue;
            Console.WriteLine($"{benchmark.Name}: {benchmark.About}");
            try
            {
                await benchmark.RunAsync(session);
            }
            catch (CannotMeasureException missing)
            {
                notes.Add($"{benchmark.Name} was not measured: {missing.Message}");
            }
            catch (Exception error)
            {
                notes.Add($"{benchmark.Name} failed: {error}");
            }
        }

        Console.WriteLine();
        Console.WriteLine($"{Machine.Describe()}; fixed CPU loop {CpuLoop.Best:0.0} ms at best");
        Console.WriteLine();
        Console.Write(Table.Print(session.Figures));
        Console.WriteLine();
        Console.WriteLine("Median of the rounds; ratio above 1 is better than the peer; peers in brackets are published figures, the others ran beside ours. cpu time: of this process, for one operation. cpu loop: how much slower a fixed loop ran than at its best.");
        foreach (var note in notes) Console.Error.WriteLine(note);
        WriteJson(session, options.Json);
        return notes.Count == 0 ? 0 : 1;
    }

    private static void WriteJson(Session session, string? path)
    {
        if (path is null) return;
        using var target = path == "-" ? Console.OpenStandardOutput() : File.Create(path);
        ResultsJson.Write(target, session);
        Console.WriteLine();
    }
}
