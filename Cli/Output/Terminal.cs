using Spectre.Console;

namespace Granary.Cli.Output;

/// <summary>What the two outputs can show: colours only on a terminal that has them, and where NO_COLOR (https://no-color.org) is not set.</summary>
internal static class Terminal
{
    private static readonly bool s_wanted = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Turned off by <c>--no-color</c>.</summary>
    public static bool AllowColor { get; set; } = true;

    /// <summary>Whether the standard output shows colours.</summary>
    public static bool Color => AllowColor && s_wanted && !Console.IsOutputRedirected;

    /// <summary>Whether somebody watches the standard output and may press keys.</summary>
    public static bool IsInteractive => !Console.IsOutputRedirected && !Console.IsInputRedirected;

    /// <summary>The standard output for tables.</summary>
    public static IAnsiConsole Out { get; } = Create(Console.Out, () => Color, Console.IsOutputRedirected);

    /// <summary>The standard error output, for what is not the result.</summary>
    public static IAnsiConsole Progress { get; } = Create(Console.Error, () => AllowColor && s_wanted && !Console.IsErrorRedirected, Console.IsErrorRedirected);

    /// <summary>A word for the standard error output that says that something is wrong.</summary>
    public static string Error(string text) => AllowColor && s_wanted && !Console.IsErrorRedirected ? $"\u001b[31;1m{text}\u001b[0m" : text;

    /// <summary>A host's text without what would steer the terminal.</summary>
    public static string Clean(string text) => string.Concat(text.Select(c => char.IsControl(c) && c != '\n' ? '\uFFFD' : c));

    /// <summary>A table without lines, as other programs can read it too.</summary>
    public static Table Table(params string[] columns)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))) { NoWrap = column != "" && !column.EndsWith(' '), Padding = new Padding(0, 0, 2, 0) });
        return table;
    }

    private static IAnsiConsole Create(TextWriter writer, Func<bool> color, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = color() ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });

        // Nobody sees where a line of a file would break.
        if (redirected) console.Profile.Width = 1000;
        return console;
    }
}
