using System.CommandLine;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;
using Spectre.Console;

namespace Granary.Cli.Commands;

/// <summary><c>granary list</c>: the services of a host.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new Command("list", "Lists the services of the host.");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var host = HostSettings.Connect(parsed);
            var contract = await ServiceContract.ReadAsync(host, cancellation);
            var table = Terminal.Table("SERVICE", "VERSIONS", "METHODS", " ");
            foreach (var service in contract.Methods.GroupBy(m => m.Service, StringComparer.Ordinal).OrderBy(s => s.Key, StringComparer.Ordinal))
            {
                table.AddRow(
                    new Text(service.Key),
                    new Text(string.Join(", ", service.Select(m => m.Version).Distinct().Order())),
                    new Text(service.Select(m => m.Name).Distinct(StringComparer.Ordinal).Count().ToString(System.Globalization.CultureInfo.InvariantCulture)),
                    new Text(Terminal.Clean(FirstSentence(contract.SummaryOf(service.Key)))));
            }

            Terminal.Out.Write(table);
            return ExitCode.Ok;
        });
        return command;
    }

    private static string FirstSentence(string text) => text.IndexOf(". ", StringComparison.Ordinal) is var end and > 0 ? text[..(end + 1)] : text;
}
