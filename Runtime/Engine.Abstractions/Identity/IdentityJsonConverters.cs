using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>Writes a <see cref="GrainId"/> as its text form, <c>type/key</c>.</summary>
public sealed class GrainIdJsonConverter : JsonConverter<GrainId>
{
    public override GrainId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        GrainId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException($"'{reader.GetString()}' is not a grain id. Write 'type/key'.");

    public override void Write(Utf8JsonWriter writer, GrainId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

    public override GrainId ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader, typeToConvert, options);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, GrainId value, JsonSerializerOptions options) => writer.WritePropertyName(value.ToString());
}

/// <summary>Writes a <see cref="SiloAddress"/> in its parsable form, <c>ip:port@generation</c>.</summary>
public sealed class SiloAddressConverter : JsonConverter<SiloAddress>
{
    public override SiloAddress? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SiloAddress.TryParse(reader.GetString(), out var address)
            ? address
            : throw new JsonException($"'{reader.GetString()}' is not a silo address. Write 'ip:port@generation'.");

    public override void Write(Utf8JsonWriter writer, SiloAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToParsableString());

    public override SiloAddress ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader, typeToConvert, options)!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, SiloAddress value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value.ToParsableString());
}

/// <summary>Writes an <see cref="ActivationId"/> in its parsable form.</summary>
public sealed class ActivationIdConverter : JsonConverter<ActivationId>
{
    public override ActivationId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.GetString();
        try
        {
            return string.IsNullOrEmpty(text) ? default : ActivationId.FromParsableString(text);
        }
        catch (FormatException exception)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, ActivationId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.IsDefault ? "" : value.ToParsableString());

    public override ActivationId ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader, typeToConvert, options);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, ActivationId value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value.IsDefault ? "" : value.ToParsableString());
}

/// <summary>Writes a <see cref="MembershipVersion"/> as a number.</summary>
public sealed class MembershipVersionConverter : JsonConverter<MembershipVersion>
{
    public override MembershipVersion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, MembershipVersion value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);

    public override MembershipVersion ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        long.TryParse(reader.GetString(), System.Globalization.CultureInfo.InvariantCulture, out var version)
            ? new MembershipVersion(version)
            : throw new JsonException($"'{reader.GetString()}' is not a membership version. It is a number.");

    public override void WriteAsPropertyName(Utf8JsonWriter writer, MembershipVersion value, JsonSerializerOptions options) => writer.WritePropertyName(value.ToString());
}
