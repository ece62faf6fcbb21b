namespace Granary.Cluster.Chaos;

/// <summary>What <c>./chaos</c> starts.</summary>
internal static class ChaosProgram
{
    internal const string Role = "chaos";

    /// <returns>0 when nothing was wrong, 1 when something was, 2 when the arguments are.</returns>
    internal static async Task<int> RunAsync(string[] arguments)
    {
        ChaosOptions options;
        try
        {
            options = ChaosOptions.Parse(arguments);
            if (options.List)
            {
                foreach (var fault in Fault.All) Console.WriteLine($"{fault.Name,-14} {fault.About}");
                return 0;
            }

            return await new ChaosRun(options, Chosen(options)).RunAsync() ? 0 : 1;
        }
        catch (ArgumentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        catch (Exception error) when (error is InvalidOperationException or TimeoutException or OrleansException)
        {
            await Console.Error.WriteLineAsync($"The cluster did not start, so nothing was tried: {error.Message}");
            return 1;
        }
    }

    private static IReadOnlyList<Fault> Chosen(ChaosOptions options)
    {
        if (options.Faults.Count == 0) return Fault.All;
        return [.. options.Faults.Select(name => Fault.All.FirstOrDefault(f => f.Name == name)
            ?? throw new ArgumentException($"There is no fault '{name}'. There are: {string.Join(", ", Fault.All.Select(f => f.Name))}."))];
    }
}
