using System.Collections;
using System.Reflection;

namespace Granary.Hosting.Settings;

/// <summary>Every setting there is, from the options classes and the sections they are bound to. Names are compared as configuration does: without case.</summary>
internal sealed class SettingsTree
{
    private const int DeepestPath = 12;

    private readonly Node _root = new();

    /// <summary>Says that a class is bound to a section; several may be bound to the same.</summary>
    internal SettingsTree Add(string section, Type options)
    {
        var node = _root;
        foreach (var name in section.Split(':')) node = node.Child(name);
        node.Types.Add(options);
        return this;
    }

    /// <summary>What is known at the top.</summary>
    internal Place Root => new(_root, []);

    /// <summary>The paths of all settings, the names of dictionaries written as <c>{name}</c>.</summary>
    internal IEnumerable<string> Paths() => Paths(Root, "", 0);

    private static IEnumerable<string> Paths(Place place, string path, int depth)
    {
        var any = false;
        if (depth < DeepestPath)
        {
            foreach (var name in place.Names)
            {
                any = true;
                foreach (var inner in Paths(place.Find(name)!.Value, path.Length == 0 ? name : $"{path}:{name}", depth + 1)) yield return inner;
            }
        }

        if (!any && path.Length > 0) yield return path;
    }

    /// <summary>One place in the tree.</summary>
    /// <param name="Node">Where sections are bound; null further down.</param>
    /// <param name="Types">The types of the properties that are bound here, each with its default.</param>
    internal readonly record struct Place(Node? Node, IReadOnlyList<(Type Type, object? Default)> Types)
    {
        /// <summary>The names of the settings right below; <c>{name}</c> in a dictionary.</summary>
        internal IEnumerable<string> Names => (Node?.Children.Keys ?? Enumerable.Empty<string>())
            .Concat(Bound.SelectMany(b => b.Type is var type && ElementOf(type) is not null ? IsDictionary(type) ? ["{name}"] : [] : IsScalar(type) ? [] : Properties(type).Select(p => p.Name)))
            .Distinct(StringComparer.OrdinalIgnoreCase);

        /// <summary>The type of the one value that is expected here; null where there are settings below.</summary>
        internal Type? Scalar => Bound.Select(b => b.Type).FirstOrDefault(IsScalar);

        /// <summary>The default of the value; null when there is none.</summary>
        internal object? Default => Bound.FirstOrDefault(b => IsScalar(b.Type)).Default;

        /// <summary>Whether values are listed here, by number.</summary>
        internal bool IsList => Bound.Any(b => ElementOf(b.Type) is not null && !IsDictionary(b.Type));

        private IEnumerable<(Type Type, object? Default)> Bound => Types.Concat((Node?.Types ?? []).Select(t => (t, Activator.CreateInstance(t))));

        /// <summary>What is known below under a name; null when nothing is.</summary>
        internal Place? Find(string name)
        {
            var node = Node?.Children.GetValueOrDefault(name);
            var types = new List<(Type, object?)>();
            foreach (var (type, value) in Bound)
            {
                if (IsScalar(type)) continue;
                if (ElementOf(type) is { } element) types.Add((element, IsScalar(element) ? null : Activator.CreateInstance(element)));
                else if (Properties(type).FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } property) types.Add((property.PropertyType, value is null ? null : property.GetValue(value)));
            }

            return node is null && types.Count == 0 ? null : new Place(node, types);
        }

        /// <summary>The properties of an options class that are settings, or hold some.</summary>
        internal static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetIndexParameters().Length == 0 && p.GetMethod is not null && (p.SetMethod is { IsPublic: true } || !IsScalar(p.PropertyType)));

        /// <summary>Whether a setting of that type is one value.</summary>
        internal static bool IsScalar(Type type) => type == typeof(string) || type == typeof(Uri) || (Nullable.GetUnderlyingType(type) ?? type).IsValueType;

        /// <summary>Whether settings of that type have names of their own.</summary>
        internal static bool IsDictionary(Type type) => type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(IDictionary<,>) || type.GetGenericTypeDefinition() == typeof(Dictionary<,>));

        /// <summary>What a list or dictionary holds; null for any other type.</summary>
        internal static Type? ElementOf(Type type)
        {
            if (IsScalar(type)) return null;
            if (type.IsArray) return type.GetElementType();
            if (IsDictionary(type)) return type.GetGenericArguments()[1];
            return typeof(IEnumerable).IsAssignableFrom(type) && type.IsGenericType ? type.GetGenericArguments()[0] : null;
        }
    }

    /// <summary>A name of a section.</summary>
    internal sealed class Node
    {
        internal Dictionary<string, Node> Children { get; } = new(StringComparer.OrdinalIgnoreCase);

        internal List<Type> Types { get; } = [];

        internal Node Child(string name) => Children.TryGetValue(name, out var child) ? child : Children[name] = new Node();
    }
}
