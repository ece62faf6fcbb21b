using System.Text;

namespace Granary.Codec;

/// <summary>How C# names read in protobuf text, by its style guide.</summary>
public static class ProtoNames
{
    /// <summary><c>unitPrice</c> and <c>UnitPrice</c> give <c>unit_price</c>; a run of capitals is one word: <c>HTTPStatus</c> gives <c>http_status</c>.</summary>
    public static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            var startsWord = i > 0 && char.IsUpper(c) && name[i - 1] != '_'
                && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (startsWord) text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    /// <summary>The value of an enum, which protobuf wants upper-case and prefixed: <c>OrderStatus.InTransit</c> gives <c>ORDER_STATUS_IN_TRANSIT</c>.</summary>
    public static string EnumValue(string enumName, string valueName) => $"{SnakeCase(enumName)}_{SnakeCase(valueName)}".ToUpperInvariant();
}
