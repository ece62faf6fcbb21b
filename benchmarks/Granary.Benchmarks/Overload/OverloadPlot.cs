using System.Globalization;
using System.Text;

namespace Granary.Benchmarks.Overload;

/// <summary>Draws an overload run as SVG: calls in time above, p99 below (logarithmic), by the load.</summary>
internal static class OverloadPlot
{
    private const int Width = 720;
    private const int Height = 300;
    private const int Left = 70;
    private const int Top = 46;
    private const int PlotWidth = Width - Left - 20;
    private const int PlotHeight = Height - Top - 50;
    private const string With = "#1b7f4b";
    private const string Without = "#c0392b";

    internal static string Draw(double[] loads, OpenLoopResult[] guarded, OpenLoopResult[] bare)
    {
        var svg = new StringBuilder();
        Line(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height * 2}" font-family="sans-serif" font-size="12" role="img" aria-label="Calls in time and p99 by load, with and without load shedding">""");
        Line(svg, $"""<rect width="{Width}" height="{Height * 2}" fill="#fff"/>""");
        var most = guarded.Concat(bare).Max(r => r.Goodput) * 1.1;
        Panel(svg, 0, "Calls a second that succeed within a second", loads, guarded, bare, r => r.Goodput / most, Enumerable.Range(0, 5).Select(i => (i / 4.0, (most * i / 4).ToString("0", CultureInfo.InvariantCulture))));
        Panel(svg, Height, "p99 of those that succeed, ms", loads, guarded, bare, r => Math.Clamp(Math.Log10(Math.Max(1, r.P99)) / 4, 0, 1), Enumerable.Range(0, 5).Select(i => (i / 4.0, Math.Pow(10, i).ToString("0", CultureInfo.InvariantCulture))));
        Line(svg, "</svg>");
        return svg.ToString();
    }

    private static void Panel(StringBuilder svg, int y, string title, double[] loads, OpenLoopResult[] guarded, OpenLoopResult[] bare, Func<OpenLoopResult, double> value, IEnumerable<(double At, string Text)> marks)
    {
        Line(svg, $"""<g transform="translate(0 {y})"><text x="{Left}" y="20" font-size="14" font-weight="bold">{title}</text>""");
        Line(svg, $"""<text x="{Left}" y="38" fill="{With}">with load shedding</text><text x="{Left + 150}" y="38" fill="{Without}">without</text>""");
        foreach (var (at, text) in marks)
        {
            var line = Y(at);
            Line(svg, $"""<line x1="{Left}" x2="{Left + PlotWidth}" y1="{line:0.#}" y2="{line:0.#}" stroke="#ddd"/><text x="{Left - 8}" y="{line + 4:0.#}" text-anchor="end">{text}</text>""");
        }

        foreach (var load in loads) Line(svg, $"""<text x="{X(loads, load):0.#}" y="{Top + PlotHeight + 18}" text-anchor="middle">{load:0.#}</text>""");
        Line(svg, $"""<text x="{Left + (PlotWidth / 2)}" y="{Top + PlotHeight + 38}" text-anchor="middle">offered load, in times of the capacity</text>""");
        Curve(svg, loads, bare, value, Without);
        Curve(svg, loads, guarded, value, With);
        Line(svg, $"</g>");
    }

    private static void Curve(StringBuilder svg, double[] loads, OpenLoopResult[] results, Func<OpenLoopResult, double> value, string colour)
    {
        var points = loads.Zip(results).Where(p => !double.IsNaN(value(p.Second))).Select(p => (X: X(loads, p.First), Y: Y(value(p.Second)))).ToArray();
        Line(svg, $"""<polyline fill="none" stroke="{colour}" stroke-width="2" points="{string.Join(' ', points.Select(p => FormattableString.Invariant($"{p.X:0.#},{p.Y:0.#}")))}"/>""");
        foreach (var (x, y) in points) Line(svg, $"""<circle cx="{x:0.#}" cy="{y:0.#}" r="3" fill="{colour}"/>""");
    }

    private static double X(double[] loads, double load) => Left + (load / loads[^1] * PlotWidth);

    private static double Y(double part) => Top + ((1 - part) * PlotHeight);

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(FormattableString.Invariant(text)).Append('\n');

    private static void Line(StringBuilder svg, string text) => svg.Append(text).Append('\n');
}
