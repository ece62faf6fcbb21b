using System.Globalization;

namespace Granary.Cluster.Chaos;

/// <summary>What <c>./chaos</c> was told.</summary>
internal sealed record ChaosOptions
{
    internal const string Usage = """
        ./chaos [--quick] [--seed N] [--minutes M] [--faults a,b] [--proxies] [--list]

          --quick      every fault once, with short leases: within three minutes
          --seed N     the order of the faults, their victims and their times; without it, another one each time. It is printed
          --minutes M  rounds of all faults until the time is over (10 without it); a fault that has begun is finished
          --faults a,b only these; see --list
          --proxies    cuts links by proxies also where network namespaces could be made (root on Linux)
          --list       names the faults
        """;

    internal bool Quick { get; init; }

    internal int Seed { get; init; } = Random.Shared.Next(1, 1_000_000);

    internal TimeSpan Time { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The names of the faults; empty, all.</summary>
    internal IReadOnlyList<string> Faults { get; init; } = [];

    internal bool Proxies { get; init; }

    internal bool List { get; init; }

    /// <exception cref="ArgumentException">An argument is wrong; the message says what to write.</exception>
    internal static ChaosOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new ChaosOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            string Value() => ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{name} needs a value.\n{Usage}");
            int Number(int least) => int.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
                ? number
                : throw new ArgumentException($"{name} is '{arguments[i]}'. Write a number from {least} on.\n{Usage}");

            options = name switch
            {
                "--quick" => options with { Quick = true },
                "--proxies" => options with { Proxies = true },
                "--list" => options with { List = true },
                "--seed" => options with { Seed = Number(0) },
                "--minutes" => options with { Time = TimeSpan.FromMinutes(Number(1)) },
                "--faults" => options with { Faults = Value().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) },
                _ => throw new ArgumentException($"'{name}' is not an argument.\n{Usage}"),
            };
        }

        return options;
    }
}
