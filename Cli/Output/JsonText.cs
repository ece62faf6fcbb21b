using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Granary.Cli.Output;

/// <summary>JSON for people: indented or on one line, with colours where the terminal has them. Texts stay escaped, so that none of them steers the terminal.</summary>
internal static class JsonText
{
    private const string Name = "\u001b[34;1m";
    private const string String = "\u001b[32m";
    private const string Number = "\u001b[36m";
    private const string Word = "\u001b[35m";
    private const string Reset = "\u001b[0m";

    /// <param name="json">What to write.</param>
    /// <param name="indented">On several lines.</param>
    /// <param name="color">With colours.</param>
    public static string Of(JsonElement json, bool indented, bool color)
    {
        var text = new StringBuilder();
        Write(text, json, indented ? 0 : -1, color);
        return text.ToString();
    }

    // A negative depth is that of one line.
    private static void Write(StringBuilder text, JsonElement json, int depth, bool color)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var members = json.EnumerateObject().ToArray();
                Group(text, '{', '}', members.Length, depth, i =>
                {
                    Paint(text, Quote(members[i].Name), Name, color);
                    text.Append(depth < 0 ? ":" : ": ");
                    Write(text, members[i].Value, depth < 0 ? depth : depth + 1, color);
                });
                break;
            case JsonValueKind.Array:
                var items = json.EnumerateArray().ToArray();
                Group(text, '[', ']', items.Length, depth, i => Write(text, items[i], depth < 0 ? depth : depth + 1, color));
                break;
            case JsonValueKind.String:
                Paint(text, Quote(json.GetString()!), String, color);
                break;
            case JsonValueKind.Number:
                Paint(text, json.GetRawText(), Number, color);
                break;
            default:
                Paint(text, json.GetRawText(), Word, color);
                break;
        }
    }

    private static void Group(StringBuilder text, char open, char close, int count, int depth, Action<int> write)
    {
        text.Append(open);
        for (var i = 0; i < count; i++)
        {
            if (i > 0) text.Append(',');
            if (depth >= 0) text.Append('\n').Append(' ', 2 * (depth + 1));
            write(i);
        }

        if (depth >= 0 && count > 0) text.Append('\n').Append(' ', 2 * depth);
        text.Append(close);
    }

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static void Paint(StringBuilder text, string what, string color, bool wanted)
    {
        if (wanted) text.Append(color).Append(what).Append(Reset);
        else text.Append(what);
    }
}
