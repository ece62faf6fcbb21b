using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Granary.Codec;

/// <summary>
/// Where a reader is in a JSON value, for error messages, and by which rules it reads. Pass it by reference; every push has its pop (an exception may skip the pops).
/// Allocates nothing down to eight levels, and nothing per level that it has seen before below that.
/// </summary>
public struct JsonPath
{
    private const int InlineLevels = 8;

    private InlineFields _fields;
    private InlineIndexes _indexes;
    private (string? Field, int Index)[]? _deeper;
    private int _depth;

    /// <summary>A path at the outermost value.</summary>
    /// <param name="format">The rules of reading; those of <see cref="JsonFormat.Web"/> without this constructor.</param>
    public JsonPath(JsonFormat format) => IsProto3 = format.HasFlag(JsonFormat.LongsAsStrings);

    /// <summary>Whether the text is the JSON form of proto3 (<see cref="JsonFormat.LongsAsStrings"/>).</summary>
    public bool IsProto3 { get; }

    /// <summary>Enters a property.</summary>
    public void Push(string field) => Add(field, 0);

    /// <summary>Enters an element of an array, counted from 0.</summary>
    public void PushIndex(int index) => Add(null, index);

    /// <summary>Leaves what was entered last.</summary>
    public void Pop()
    {
        Debug.Assert(_depth > 0, "A pop without its push.");
        _depth--;
    }

    /// <summary>For example <c>lines[2].quantity</c>; empty at the outermost value. Property names that are no identifiers are quoted: <c>labels["a b"]</c>.</summary>
    public override readonly string ToString()
    {
        var text = new StringBuilder();
        for (var i = 0; i < _depth; i++)
        {
            var (field, index) = i < InlineLevels ? (_fields[i], _indexes[i]) : _deeper![i - InlineLevels];
            if (field is null)
            {
                text.Append('[').Append(index.ToString(CultureInfo.InvariantCulture)).Append(']');
            }
            else if (IsIdentifier(field))
            {
                if (text.Length > 0) text.Append('.');
                text.Append(field);
            }
            else
            {
                text.Append("[\"").Append(JsonProblem.Shorten(field).Replace("\"", "\\\"", StringComparison.Ordinal)).Append("\"]");
            }
        }

        return text.ToString();
    }

    private static bool IsIdentifier(string name)
    {
        if (name.Length is 0 or > 64) return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '$' or '-')) return false;
        }

        return true;
    }

    private void Add(string? field, int index)
    {
        if (_depth < InlineLevels)
        {
            _fields[_depth] = field;
            _indexes[_depth] = index;
        }
        else
        {
            AddDeeper(field, index);
        }

        _depth++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddDeeper(string? field, int index)
    {
        var at = _depth - InlineLevels;
        if (_deeper is null || at == _deeper.Length) Array.Resize(ref _deeper, Math.Max(8, at * 2));
        _deeper[at] = (field, index);
    }

    [InlineArray(InlineLevels)]
    private struct InlineFields
    {
        private string? _first;
    }

    [InlineArray(InlineLevels)]
    private struct InlineIndexes
    {
        private int _first;
    }
}
