using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.JsonValues;

/// <summary>Times and durations against the JSON that Google's runtime writes and reads.</summary>
public sealed class JsonTimeTests
{
    [Fact]
    public void Timestamps_are_those_of_proto3_JSON() => ForAll.Cases(AnyValue.Times, v =>
    {
        var ours = Json.Write(w => JsonValue.WriteTimestamp(w, v));
        Assert.Equal(JsonFormatter.Default.Format(Timestamp.FromDateTime(v)), ours);
        Assert.Equal(v, Json.Read(ours, JsonValue.ReadDateTime));
        Assert.Equal(new DateTimeOffset(v), Json.Read(Json.Write(w => JsonValue.WriteTimestamp(w, new DateTimeOffset(v))), JsonValue.ReadTimestamp));
    });

    [Fact]
    public void Durations_are_those_of_proto3_JSON() => ForAll.Cases(AnyValue.Durations, v =>
    {
        var ours = Json.Write(w => JsonValue.WriteDuration(w, v));
        Assert.Equal(v, Json.Read(ours, JsonValue.ReadDuration));

        // Protobuf's own range is narrower than TimeSpan's.
        if (Math.Abs(v.TotalSeconds) < 315_576_000_000) Assert.Equal(JsonFormatter.Default.Format(Duration.FromTimeSpan(v)), ours);
    });

    [Theory]
    [InlineData("2026-05-01T12:30:00Z", "2026-05-01T12:30:00Z")]
    [InlineData("2026-05-01t12:30:00z", "2026-05-01T12:30:00Z")]
    [InlineData("2026-05-01T12:30:00+02:00", "2026-05-01T10:30:00Z")]
    [InlineData("2026-05-01T12:30:00-00:30", "2026-05-01T13:00:00Z")]
    [InlineData("2026-05-01T12:30:00.5Z", "2026-05-01T12:30:00.500Z")]
    [InlineData("2026-05-01T12:30:00.123456789Z", "2026-05-01T12:30:00.123456700Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999900Z")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z")]
    public void RFC_3339_times_are_read_and_become_UTC(string text, string utc) =>
        Assert.Equal($"\"{utc}\"", Json.Write(w => JsonValue.WriteTimestamp(w, Json.Read($"\"{text}\"", JsonValue.ReadTimestamp))));

    [Theory]
    [InlineData("\"2026-05-01\"")]
    [InlineData("\"2026-05-01T12:30:00\"")]
    [InlineData("\"2026-05-01T12:30Z\"")]
    [InlineData("\"2026-05-01T24:00:00Z\"")]
    [InlineData("\"2026-02-29T00:00:00Z\"")]
    [InlineData("\"2026-13-01T00:00:00Z\"")]
    [InlineData("\"0000-01-01T00:00:00Z\"")]
    [InlineData("\"0001-01-01T00:00:00+00:01\"")]
    [InlineData("\"9999-12-31T23:59:59-00:01\"")]
    [InlineData("\"2026-05-01T12:30:60Z\"")]
    [InlineData("\"2026-05-01T12:30:00.Z\"")]
    [InlineData("\"2026-05-01T12:30:00+2:00\"")]
    [InlineData("\"2026-05-01T12:30:00+24:00\"")]
    [InlineData("\"2026-05-01T12:30:00Zx\"")]
    [InlineData("\"2026-05-01T12:30:00.0000000000000000000000000000000000000000000Z\"")]
    [InlineData("\"+026-05-01T12:30:00Z\"")]
    [InlineData("1777638600")]
    [InlineData("null")]
    public void What_is_no_RFC_3339_time_is_refused_with_an_example(string json) =>
        Assert.StartsWith("an RFC 3339 time such as \"2026-05-01T12:30:00Z\" is expected, not ", Json.Refused(json, JsonValue.ReadTimestamp).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("\"1.5\"")]
    [InlineData("\"s\"")]
    [InlineData("\"-s\"")]
    [InlineData("\".5s\"")]
    [InlineData("\"1.s\"")]
    [InlineData("\"+1s\"")]
    [InlineData("\"1e3s\"")]
    [InlineData("\"1 s\"")]
    [InlineData("\"922337203686s\"")]
    [InlineData("\"99999999999999999999s\"")]
    [InlineData("\"00:00:01\"")]
    [InlineData("1.5")]
    public void What_is_no_duration_is_refused_with_an_example(string json) =>
        Assert.StartsWith("a duration in seconds such as \"1.5s\" is expected, not ", Json.Refused(json, JsonValue.ReadDuration).Problem, StringComparison.Ordinal);

    [Fact]
    public void Dates_and_times_of_day_are_ISO_8601()
    {
        var path = default(JsonPath);
        Assert.Equal(new DateOnly(2026, 5, 1), Json.Read("\"2026-05-01\"", JsonValue.ReadDateOnly));
        Assert.Equal("\"2026-05-01\"", Json.Write(w => JsonValue.WriteDateOnly(w, new DateOnly(2026, 5, 1))));
        Assert.Equal(new DateOnly(2026, 5, 1), JsonValue.ParseDateOnly("2026-05-01", ref path));
        Json.Refused("\"2026-5-1\"", JsonValue.ReadDateOnly);
        Json.Refused("\"2026-02-30\"", JsonValue.ReadDateOnly);

        Assert.Equal(new TimeOnly(12, 30, 1), Json.Read("\"12:30:01\"", JsonValue.ReadTimeOnly));
        Assert.Equal(new TimeOnly(12, 30, 1, 500), Json.Read("\"12:30:01.5\"", JsonValue.ReadTimeOnly));
        Assert.Equal("\"12:30:01.5\"", Json.Write(w => JsonValue.WriteTimeOnly(w, new TimeOnly(12, 30, 1, 500))));
        Assert.Equal("\"12:30:01\"", Json.Write(w => JsonValue.WriteTimeOnly(w, new TimeOnly(12, 30, 1))));
        Assert.Equal(TimeOnly.MaxValue, JsonValue.ParseTimeOnly("23:59:59.9999999", ref path));
        Json.Refused("\"24:00:00\"", JsonValue.ReadTimeOnly);
        Json.Refused("\"12:30\"", JsonValue.ReadTimeOnly);
    }

    [Fact]
    public void Path_and_query_values_are_parsed_alike()
    {
        var path = default(JsonPath);
        Assert.Equal(DateTime.UnixEpoch, JsonValue.ParseDateTime("1970-01-01T00:00:00Z", ref path));
        Assert.Equal(DateTimeOffset.UnixEpoch, JsonValue.ParseTimestamp("1970-01-01T01:00:00+01:00", ref path));
        Assert.Equal(TimeSpan.FromMilliseconds(-1500), JsonValue.ParseDuration("-1.5s", ref path));
        Assert.Throws<JsonFieldException>(() =>
        {
            var here = default(JsonPath);
            JsonValue.ParseTimestamp("1970-01-01T00:00:00€", ref here);
        });
    }
}
