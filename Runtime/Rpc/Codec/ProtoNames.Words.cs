using System.Text;

namespace Granary.Codec;

// Compiled into the generators too, where it is internal: so it says neither.
#pragma warning disable IDE0040
static partial class ProtoNames
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

    /// <summary>The JSON name that protobuf derives from a field's name: <c>unit_price</c> gives <c>unitPrice</c>.</summary>
    public static string JsonName(string fieldName)
    {
        var text = new StringBuilder(fieldName.Length);
        for (var i = 0; i < fieldName.Length; i++)
        {
            if (fieldName[i] != '_') text.Append(i > 0 && fieldName[i - 1] == '_' ? char.ToUpperInvariant(fieldName[i]) : fieldName[i]);
        }

        return text.ToString();
    }

    /// <summary>The value of an enum, which protobuf wants upper-case and prefixed: <c>OrderStatus.InTransit</c> gives <c>ORDER_STATUS_IN_TRANSIT</c>.</summary>
    public static string EnumValue(string enumName, string valueName) => $"{SnakeCase(enumName)}_{SnakeCase(valueName)}".ToUpperInvariant();
}
