namespace Granary.Benchmarks.Harness;

/// <summary>What <c>./bench</c> was asked for.</summary>
/// <param name="Names">Benchmarks by name or the start of it; empty for all.</param>
/// <param name="Quick">See <see cref="Session"/>.</param>
/// <param name="Json">The file to write results to; <c>-</c> is standard output; null for none.</param>
/// <param name="List">Only say what there is.</param>
internal sealed record Options(IReadOnlyList<string> Names, bool Quick, string? Json, bool List)
{
    internal const string Usage = """
        ./bench [name..] [--quick] [--json FILE] [--list]

          name         run only these benchmarks (the start of a name is enough); --list shows them
          --quick      fewer and shorter rounds: rough figures in a minute or two
          --json FILE  write the results as JSON too (- for standard output)
        """;

    /// <exception cref="ArgumentException">An unknown option; the message is for the user.</exception>
    internal static Options Parse(string[] args)
    {
        List<string> names = [];
        var (quick, list) = (false, false);
        string? json = null;
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    quick = true;
                    break;
                case "--list":
                    list = true;
                    break;
                case "--json":
                    json = ++i < args.Length ? args[i] : throw new ArgumentException("--json needs the name of the file to write, or - for standard output.");
                    break;
                case ['-', ..]:
                    throw new ArgumentException($"There is no option {args[i]}.\n{Usage}");
                default:
                    names.Add(args[i]);
                    break;
            }
        }

        return new Options(names, quick, json, list);
    }
}
