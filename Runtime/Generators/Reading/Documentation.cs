using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Summaries from XML documentation, as plain text on one line.</summary>
internal static class Documentation
{
    public static string? Summary(ISymbol symbol, CancellationToken cancellation = default) => Text(Parse(symbol, cancellation)?.Element("summary"));

    public static string? Parameter(ISymbol symbol, string name, CancellationToken cancellation = default) =>
        Text(Parse(symbol, cancellation)?.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == name));

    private static XElement? Parse(ISymbol symbol, CancellationToken cancellation)
    {
        var xml = symbol.GetDocumentationCommentXml(cancellationToken: cancellation);
        if (string.IsNullOrEmpty(xml)) return null;
        try
        {
            return XElement.Parse(xml);
        }
        catch (XmlException)
        {
            return null; // the compiler reports malformed comments itself
        }
    }

    private static string? Text(XElement? element)
    {
        if (element is null) return null;
        var text = new StringBuilder();
        Append(text, element);
        var words = text.ToString().Split([' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? null : string.Join(" ", words);
    }

    private static void Append(StringBuilder text, XElement element)
    {
        foreach (var node in element.Nodes())
        {
            switch (node)
            {
                case XText t:
                    text.Append(t.Value);
                    break;
                case XElement e when e.Name.LocalName is "see" or "seealso" or "paramref" or "typeparamref" && e.IsEmpty:
                    var target = (string?)e.Attribute("cref") ?? (string?)e.Attribute("name") ?? (string?)e.Attribute("langword") ?? (string?)e.Attribute("href") ?? string.Empty;
                    text.Append(LastPart(target));
                    break;
                case XElement e:
                    if (e.Name.LocalName is "para" or "br") text.Append(' ');
                    Append(text, e);
                    break;
            }
        }
    }

    private static string LastPart(string cref)
    {
        if (cref.Contains("://")) return cref;
        var name = cref.Length > 2 && cref[1] == ':' ? cref.Substring(2) : cref;
        var end = name.IndexOf('(');
        if (end >= 0) name = name.Substring(0, end);
        var tick = name.IndexOf('`');
        if (tick >= 0) name = name.Substring(0, tick);
        return name.Substring(name.LastIndexOf('.') + 1);
    }
}
