using System.CommandLine;
using Granary.Cli.Output;

namespace Granary.Cli.Commands;

/// <summary><c>granary completion</c>: the line for a shell's start file. The completions themselves come from the program, by the directive <c>[suggest:position]</c>.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _granary() {
            local line="${COMP_LINE:0:COMP_POINT}"
            line="${line#"${line%%[![:space:]]*}"}"
            line="${line#* }"
            local IFS=$'\n'
            COMPREPLY=( $(granary "[suggest:${#line}]" "$line" 2>/dev/null) )
        }
        complete -o default -F _granary granary
        """;

    private const string Zsh = """
        #compdef granary
        _granary() {
            local line="${LBUFFER##[[:space:]]#}"
            line="${line#* }"
            local -a found
            found=("${(@f)$(granary "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -- $found
        }
        compdef _granary granary
        """;

    private const string Fish = """
        function __granary_complete
            set -l line (string replace -r '^\s*\S+\s?' '' -- (commandline -cp))
            granary "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c granary -f -a '(__granary_complete)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints what makes a shell complete this program's commands: source <(granary completion bash); granary completion fish | source.") { shell };
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Ok;
        });
        return command;
    }
}
