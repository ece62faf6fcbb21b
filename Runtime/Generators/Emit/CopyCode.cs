using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>Deep copies. Collections get a method each, which <see cref="EmitMethods"/> writes into the type at hand.</summary>
internal sealed class CopyCode(EmitContext context)
{
    private readonly List<TypeModel> _methods = [];

    /// <summary>The expression of a copy of a field's value; the value itself where nothing in it can change.</summary>
    public string Copy(FieldModel field, string value, string suffix) => field.MustCopy ? Copy(field.Type, value, suffix) : value;

    public string Copy(TypeModel type, string value, string suffix)
    {
        if (type.Immutable || type.Shape is Shape.Reference or Shape.Stream) return value;
        if (type.IsValueType && !type.Nullable) return CopyPresent(type, value);
        return $"{value} is {{ }} c{suffix} ? {CopyPresent(type, "c" + suffix)} : null{(type.Nullable ? string.Empty : "!")}";
    }

    /// <summary>Writes the methods that the expressions call.</summary>
    public void EmitMethods(CodeWriter code)
    {
        for (var i = 0; i < _methods.Count; i++)
        {
            var type = _methods[i];
            code.Line();
            code.Open($"private static {type.Name} Copy{Text.Number(i)}({type.Name} source)");
            if (type.Shape == Shape.Map) Map(code, type);
            else List(code, type);
            code.Close();
        }
    }

    private string CopyPresent(TypeModel type, string value)
    {
        switch (type.Shape)
        {
            case Shape.Message:
                return $"{context.Codec(type)}.Copy({value})";
            case Shape.List:
            case Shape.Map:
                var bare = type with { Nullable = false };
                var index = _methods.IndexOf(bare);
                if (index < 0)
                {
                    index = _methods.Count;
                    _methods.Add(bare);
                }

                return $"Copy{Text.Number(index)}({value})";
            default:
                return type.Scalar == Scalar.Memory ? $"new global::System.ReadOnlyMemory<byte>({value}.ToArray())" : $"new global::System.ReadOnlySpan<byte>({value}).ToArray()";
        }
    }

    private void List(CodeWriter code, TypeModel type)
    {
        var element = type.Element!;
        var item = element.Declared;
        if (element.Immutable)
        {
            code.Line(type.Container switch
            {
                Container.Array => $"return new global::System.ReadOnlySpan<{item}>(source).ToArray();",
                Container.HashSet => $"return new global::System.Collections.Generic.HashSet<{item}>(source, (source as global::System.Collections.Generic.HashSet<{item}>)?.Comparer);",
                Container.ReadOnlyListInterface => "return global::System.Linq.Enumerable.ToArray(source);",
                Container.ImmutableArray or Container.ImmutableList => "return source;",
                _ => $"return new global::System.Collections.Generic.List<{item}>(source);",
            });
            return;
        }

        var copy = Copy(element, "item", "0");
        switch (type.Container)
        {
            case Container.Array:
            case Container.ImmutableArray:
                if (type.Container == Container.ImmutableArray) code.Line("if (source.IsDefault) return source;");
                code.Line($"var copy = new {Array(item)};");
                code.Line("var at = 0;");
                code.Line($"foreach (var item in source) copy[at++] = {copy};");
                code.Line(type.Container == Container.Array ? "return copy;" : "return global::System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(copy);");
                break;
            case Container.HashSet:
                code.Line($"var copy = new global::System.Collections.Generic.HashSet<{item}>(source.Count, (source as global::System.Collections.Generic.HashSet<{item}>)?.Comparer);");
                code.Line($"foreach (var item in source) copy.Add({copy});");
                code.Line("return copy;");
                break;
            case Container.ImmutableList:
                code.Line($"var copy = global::System.Collections.Immutable.ImmutableList.CreateBuilder<{item}>();");
                code.Line($"foreach (var item in source) copy.Add({copy});");
                code.Line("return copy.ToImmutable();");
                break;
            default:
                code.Line($"var copy = new global::System.Collections.Generic.List<{item}>(source.Count);");
                code.Line($"foreach (var item in source) copy.Add({copy});");
                code.Line("return copy;");
                break;
        }
    }

    private void Map(CodeWriter code, TypeModel type)
    {
        var (key, value) = (type.Key!.Name, type.Element!.Declared);
        if (type.Container == Container.ImmutableDictionary)
        {
            code.Line($"var copy = global::System.Collections.Immutable.ImmutableDictionary.CreateBuilder<{key}, {value}>();");
        }
        else
        {
            var comparer = $"(source as global::System.Collections.Generic.Dictionary<{key}, {value}>)?.Comparer";
            code.Line($"var copy = new global::System.Collections.Generic.Dictionary<{key}, {value}>(source.Count, {comparer});");
        }

        code.Line($"foreach (var pair in source) copy.Add(pair.Key, {Copy(type.Element, "pair.Value", "0")});");
        code.Line(type.Container == Container.ImmutableDictionary ? "return copy.ToImmutable();" : "return copy;");
    }

    /// <summary><c>int[][source.Length]</c> is not C#; the length goes into the first brackets.</summary>
    private static string Array(string item)
    {
        var at = item.IndexOf('[');
        return at < 0 ? $"{item}[source.Length]" : $"{item.Substring(0, at)}[source.Length]{item.Substring(at)}";
    }
}
