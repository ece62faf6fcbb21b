using Granary.Cluster.Chaos;
using Granary.Cluster.Programs;

// One program in several roles, so that what runs in the processes is what the tests are compiled against.
switch (args)
{
    case [SiloProgram.Role, .. var settings]:
        return await SiloProgram.RunAsync(settings);
    case [ChaosProgram.Role, .. var options]:
        return await ChaosProgram.RunAsync(options);
    default:
        await Console.Error.WriteLineAsync($"Write '{ChaosProgram.Role}' or '{SiloProgram.Role}' and their arguments; better, run ./chaos.");
        return 2;
}
