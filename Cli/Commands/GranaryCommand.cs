using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Granary.Cli.Connection;
using Granary.Cli.Output;

namespace Granary.Cli.Commands;

/// <summary>The whole command line.</summary>
internal static class GranaryCommand
{
    public static RootCommand Create()
    {
        var root = new RootCommand("Calls, lists, measures and watches the services of a Granary host. Exit codes: 0 well, 1 the call failed, 2 wrong usage, 3 no connection, 130 interrupted.");
        foreach (var option in HostSettings.Options) root.Options.Add(option);
        root.Subcommands.Add(CallCommand.Create());
        root.Subcommands.Add(ListCommand.Create());
        root.Subcommands.Add(DescribeCommand.Create());
        root.Subcommands.Add(RoutesCommand.Create());
        root.Subcommands.Add(ProtoCommand.Create());
        root.Subcommands.Add(TokenCommand.Create());
        root.Subcommands.Add(BenchCommand.Create());
        root.Subcommands.Add(TopCommand.Create());
        root.Subcommands.Add(CertsCommand.Create());
        root.Subcommands.Add(CompletionCommand.Create());
        root.SetAction(parsed =>
        {
            // Nothing was asked for: what there is to ask for.
            new HelpAction().Invoke(parsed);
            return ExitCode.Usage;
        });
        return root;
    }

    /// <summary>The names of the subcommands that were written.</summary>
    public static IEnumerable<string> PathOf(CommandResult result)
    {
        for (SymbolResult? at = result; at is CommandResult { Command: not RootCommand } command; at = at.Parent) yield return command.Command.Name;
    }
}
