using System.CommandLine;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;
using Spectre.Console;

namespace Granary.Cli.Commands;

/// <summary><c>granary routes</c>: every HTTP address and what it calls.</summary>
internal static class RoutesCommand
{
    public static Command Create()
    {
        var command = new Command("routes", "Lists every HTTP address of the host's services, and what it calls.");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var host = HostSettings.Connect(parsed);
            var contract = await ServiceContract.ReadAsync(host, cancellation);
            var table = Terminal.Table("VERB", "PATH", "CALLS");
            foreach (var route in contract.Routes.OrderBy(r => r.Path, StringComparer.Ordinal).ThenBy(r => r.Verb, StringComparer.Ordinal))
                table.AddRow(new Text(route.Verb), new Text(Terminal.Clean(route.Path)), new Text(Terminal.Clean($"{new ServiceName(route.Service, route.Version)} {route.Method}")));
            Terminal.Out.Write(table);
            return ExitCode.Ok;
        });
        return command;
    }
}
