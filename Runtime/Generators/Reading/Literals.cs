using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Granary.Generators.Reading;

/// <summary>Default values of parameters, as C# and as JSON.</summary>
internal static class Literals
{
    /// <summary>The literal, or null when it is the type's own default.</summary>
    public static string? CSharp(IParameterSymbol parameter)
    {
        var value = parameter.ExplicitDefaultValue;
        if (value is null || (IsDefault(value) && !IsNullableValue(parameter.Type))) return value is string ? "\"\"" : null;
        var type = Underlying(parameter.Type);
        if (type.TypeKind == TypeKind.Enum) return $"({type.ToDisplayString(Names.Plain)})({Number(value!)})";
        return value switch
        {
            string or char or bool => SymbolDisplay.FormatPrimitive(value, quoteStrings: true, useHexadecimalNumbers: false),
            double.NaN => "double.NaN",
            double.PositiveInfinity => "double.PositiveInfinity",
            double.NegativeInfinity => "double.NegativeInfinity",
            float.NaN => "float.NaN",
            float.PositiveInfinity => "float.PositiveInfinity",
            float.NegativeInfinity => "float.NegativeInfinity",
            double d => d.ToString("R", CultureInfo.InvariantCulture) + "D",
            float f => f.ToString("R", CultureInfo.InvariantCulture) + "F",
            decimal m => m.ToString(CultureInfo.InvariantCulture) + "M",
            long => Number(value) + "L",
            ulong => Number(value) + "UL",
            uint => Number(value) + "U",
            _ => $"({type.ToDisplayString(Names.Plain)})({Number(value!)})",
        };
    }

    /// <summary>The value as JSON text, or null for the absence of one.</summary>
    public static string? Json(IParameterSymbol parameter)
    {
        var value = parameter.ExplicitDefaultValue;
        if (value is null) return null;
        var type = Underlying(parameter.Type);
        if (type.TypeKind == TypeKind.Enum)
        {
            var name = type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(f => f.HasConstantValue && Equals(f.ConstantValue, value))?.Name;
            return name is null ? Number(value) : Quote(name);
        }

        return value switch
        {
            string s => Quote(s),
            char c => Quote(c.ToString()),
            bool b => b ? "true" : "false",
            double d when double.IsNaN(d) || double.IsInfinity(d) => Quote(double.IsNaN(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity"),
            float f when float.IsNaN(f) || float.IsInfinity(f) => Quote(float.IsNaN(f) ? "NaN" : f > 0 ? "Infinity" : "-Infinity"),
            double d => d.ToString("R", CultureInfo.InvariantCulture),
            float f => f.ToString("R", CultureInfo.InvariantCulture),
            _ => Number(value),
        };
    }

    /// <summary>Whether the value is what the type has without it: what protobuf leaves out.</summary>
    public static bool IsDefault(object? value) => value switch
    {
        null or "" or false or '\0' => true,
        string or bool or char => false,
        double d => BitConverter.DoubleToInt64Bits(d) == 0,
        float f => BitConverter.DoubleToInt64Bits(f) == 0,
        _ => Convert.ToDecimal(value, CultureInfo.InvariantCulture) == 0,
    };

    private static bool IsNullableValue(ITypeSymbol type) => type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T };

    private static ITypeSymbol Underlying(ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable ? nullable.TypeArguments[0] : type;

    private static string Number(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private static string Quote(string text)
    {
        var quoted = new System.Text.StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c < 32) quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}
