using System.Globalization;
using System.Text.Json;
using Granary.Codec;

namespace Granary.Rpc.Catalog;

/// <summary>One kind of grain key: its text, wire and JSON forms.</summary>
public interface IRpcKey<TSelf> : IEquatable<TSelf>
    where TSelf : struct, IRpcKey<TSelf>
{
    /// <summary>The text form of addresses (<see cref="RpcKeyKind"/>).</summary>
    string Text { get; }

    /// <summary>Whether a request without a key has the default one: protobuf leaves out the integer 0.</summary>
    static virtual bool HasDefault => false;

    /// <summary>Parses the text form.</summary>
    static abstract bool TryParse(string text, out TSelf key);

    /// <summary>Reads the wire form, after its tag. By default the text form.</summary>
    /// <exception cref="WireFormatException">It is no such key.</exception>
    static virtual TSelf Read(ref WireReader reader)
    {
        var start = reader.Position;
        return TSelf.TryParse(reader.ReadString(), out var key) ? key : throw new WireFormatException($"the key is not {TSelf.Expected}", start);
    }

    /// <summary>Reads the JSON form. By default the text form.</summary>
    /// <exception cref="JsonFieldException">It is no such key.</exception>
    static virtual TSelf ReadJson(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.String && TSelf.TryParse(JsonValue.ReadString(ref reader, ref path), out var key) ? key : throw JsonValue.Mistyped(ref reader, ref path, TSelf.Expected);

    /// <summary>The form in words.</summary>
    static abstract string Expected { get; }
}

/// <summary>Any text but the empty one.</summary>
public readonly record struct RpcStringKey(string Value) : IRpcKey<RpcStringKey>
{
    public static string Expected => "a text that is not empty";

    public string Text => Value;

    public static bool TryParse(string text, out RpcStringKey key)
    {
        key = new RpcStringKey(text);
        return text.Length > 0;
    }
}

/// <summary>A 64-bit integer.</summary>
public readonly record struct RpcIntegerKey(long Value) : IRpcKey<RpcIntegerKey>
{
    public static string Expected => "an integer of 64 bits";

    public static bool HasDefault => true;

    public string Text => Value.ToString(CultureInfo.InvariantCulture);

    public static bool TryParse(string text, out RpcIntegerKey key)
    {
        var valid = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
        key = new RpcIntegerKey(value);
        return valid;
    }

    public static RpcIntegerKey Read(ref WireReader reader) => new(reader.ReadInt64());

    public static RpcIntegerKey ReadJson(ref Utf8JsonReader reader, ref JsonPath path) => new(JsonValue.ReadInt64(ref reader, ref path));
}

/// <summary>A GUID.</summary>
public readonly record struct RpcGuidKey(Guid Value) : IRpcKey<RpcGuidKey>
{
    public static string Expected => "a GUID with hyphens";

    public string Text => Value.ToString("D", CultureInfo.InvariantCulture);

    public static bool TryParse(string text, out RpcGuidKey key)
    {
        var valid = Guid.TryParseExact(text, "D", out var value);
        key = new RpcGuidKey(value);
        return valid;
    }
}

/// <summary>An integer and a text: <c>42+text</c>.</summary>
public readonly record struct RpcIntegerCompoundKey(long Value, string Extension) : IRpcKey<RpcIntegerCompoundKey>
{
    public static string Expected => "an integer, a plus sign and a text, such as \"42+text\"";

    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Value}+{Extension}");

    public static bool TryParse(string text, out RpcIntegerCompoundKey key)
    {
        key = default;
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        if (plus < 1 || plus == text.Length - 1 || !long.TryParse(text.AsSpan(0, plus), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)) return false;
        key = new RpcIntegerCompoundKey(value, text[(plus + 1)..]);
        return true;
    }
}

/// <summary>A GUID and a text: <c>guid+text</c>.</summary>
public readonly record struct RpcGuidCompoundKey(Guid Value, string Extension) : IRpcKey<RpcGuidCompoundKey>
{
    private const int GuidLength = 36;

    public static string Expected => "a GUID, a plus sign and a text";

    public string Text => $"{Value:D}+{Extension}";

    public static bool TryParse(string text, out RpcGuidCompoundKey key)
    {
        key = default;
        if (text.Length < GuidLength + 2 || text[GuidLength] != '+' || !Guid.TryParseExact(text.AsSpan(0, GuidLength), "D", out var value)) return false;
        key = new RpcGuidCompoundKey(value, text[(GuidLength + 1)..]);
        return true;
    }
}

/// <summary>The part of generated requests that holds the grain's key.</summary>
/// <typeparam name="TKey">The kind of key.</typeparam>
public abstract class RpcKeyedRequest<TKey> : RpcRequest
    where TKey : struct, IRpcKey<TKey>
{
    private TKey _key;
    private string? _text;

    /// <inheritdoc/>
    public sealed override string? KeyText => HasKey ? _text ??= _key.Text : null;

    /// <summary>Whether the key is known.</summary>
    protected bool HasKey { get; private set; }

    /// <summary>The key.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.InvalidArgument"/>: none was given.</exception>
    protected TKey Key => HasKey ? _key : throw RpcException.Invalid(KeyField, $"missing; {TKey.Expected} is expected");

    /// <summary>The field of the request that holds the key.</summary>
    protected virtual string KeyField => "key";

    /// <inheritdoc/>
    /// <exception cref="JsonFieldException">The arguments hold another key.</exception>
    public sealed override bool TrySetKey(string text)
    {
        if (!TKey.TryParse(text, out var key)) return false;
        if (HasKey && !_key.Equals(key)) throw new JsonFieldException(KeyField, $"{JsonProblem.Quote(_key.Text)} is not the key in the address, {JsonProblem.Quote(text)}; give one of them, or the same twice");
        SetKey(key);
        return true;
    }

    /// <summary>The number of that field.</summary>
    protected virtual int KeyNumber => 1;

    /// <summary>Sets the key.</summary>
    protected void SetKey(TKey key)
    {
        _key = key;
        _text = null;
        HasKey = true;
    }

    /// <summary>Reads the key's JSON value.</summary>
    protected void ReadJsonKey(ref Utf8JsonReader reader, ref JsonPath path) => SetKey(TKey.ReadJson(ref reader, ref path));

    /// <summary>The error when JSON must hold the key and does not.</summary>
    protected JsonFieldException MissingKey(ref JsonPath path) => JsonValue.MissingField(ref path, KeyField, TKey.Expected);

    /// <summary>Reads the key's field, after its tag.</summary>
    protected void ReadKey(ref WireReader reader)
    {
        // An empty text is what protobuf writes for none.
        if (!TKey.HasDefault)
        {
            var ahead = reader;
            if (ahead.ReadSpan().IsEmpty)
            {
                reader = ahead;
                return;
            }
        }

        SetKey(TKey.Read(ref reader));
    }

    private protected sealed override void ReadOnlyKey(ref WireReader reader)
    {
        // A varint or a text.
        var keyTag = ((uint)KeyNumber << 3) | (TKey.HasDefault ? 0u : 2u);
        for (uint tag; (tag = reader.ReadTag()) != 0;)
        {
            if (tag == keyTag) ReadKey(ref reader);
            else reader.Skip(tag);
        }

        AfterRead();
    }

    /// <summary>After the wire form: an absent integer is 0.</summary>
    protected void AfterRead()
    {
        if (!HasKey && TKey.HasDefault) SetKey(default);
    }
}
