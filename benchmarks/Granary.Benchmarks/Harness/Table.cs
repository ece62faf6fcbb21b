using System.Globalization;
using System.Text;

namespace Granary.Benchmarks.Harness;

/// <summary>Prints figures as a Markdown table, which reads well in a terminal too.</summary>
internal static class Table
{
    private static readonly string[] s_head = ["benchmark", "figure", "ours", "lowest..highest", "allocated", "cpu time", "peer", "ratio", "budget", "", "cpu loop"];

    internal static string Print(IReadOnlyList<Figure> figures)
    {
        List<string[]> rows = [s_head, .. figures.Select(Row)];
        var widths = Enumerable.Range(0, s_head.Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        for (var i = 0; i < rows.Count; i++)
        {
            text.Append('|');
            for (var column = 0; column < widths.Length; column++) text.Append(' ').Append(rows[i][column].PadRight(widths[column])).Append(" |");
            text.AppendLine();
            if (i > 0) continue;
            text.Append('|');
            foreach (var width in widths) text.Append('-', width + 2).Append('|');
            text.AppendLine();
        }

        return text.ToString();
    }

    private static string[] Row(Figure f) =>
    [
        f.Benchmark,
        f.Name,
        f.Unit.Format(f.Value),
        f.Low == f.High ? "" : $"{f.Unit.Format(f.Low)}..{f.Unit.Format(f.High)}",
        f.Allocated is { } bytes ? Unit.Bytes.Format(bytes) : "",
        f.Processor is { } processor ? Unit.Nanoseconds.Format(processor) : "",
        PeerText(f),
        f.Ratio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "",
        BudgetText(f),
        f.Met switch { true => "met", false => "MISSED", null => "" },
        f.Slowness.ToString("0.00", CultureInfo.InvariantCulture),
    ];

    private static string PeerText(Figure f) => f.Peer switch
    {
        null => "",
        { SameRun: true } peer => $"{peer.Name} {f.Unit.Format(peer.High)}",
        var peer when peer.Low == peer.High => $"({peer.Name} {f.Unit.Format(peer.High)})",
        var peer => $"({peer.Name} {f.Unit.Format(peer.Low)}..{f.Unit.Format(peer.High)})",
    };

    private static string BudgetText(Figure f) => f.Budget switch
    {
        null => "",
        { OnRatio: true } budget => string.Create(CultureInfo.InvariantCulture, $"ratio >= {budget.Limit:0.0#}"),
        var budget => $"{(f.Unit.MoreIsBetter ? ">=" : "<=")} {f.Unit.Format(budget.Limit)}",
    };
}
