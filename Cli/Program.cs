using System.CommandLine;
using System.CommandLine.Invocation;
using Granary.Cli.Commands;
using Granary.Cli.Output;

// A JSON argument may begin with an at sign; it names no file.
var parsed = GranaryCommand.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Action is ParseErrorAction)
{
    foreach (var error in parsed.Errors) Failure.Print(error.Message);
    Failure.Print($"'granary {string.Concat(GranaryCommand.PathOf(parsed.CommandResult).Select(name => name + " "))}--help' says what can be written");
    return ExitCode.Usage;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(2) });
}
catch (Exception exception)
{
    return Failure.Explain(exception);
}
