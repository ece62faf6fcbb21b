using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.JsonValues;

public sealed class JsonEnumTests
{
    public enum OrderStatus
    {
        Unknown = 0,
        InTransit = 1,
        Delivered = 2,
        Arrived = 2,
        Lost = -5,
    }

    public enum Small : byte
    {
        None,
        Most = 255,
    }

    [Flags]
    public enum Marks : long
    {
        None = 0,
        First = 1,
        Last = 1L << 40,
    }

    [Theory]
    [InlineData("\"InTransit\"", OrderStatus.InTransit)]
    [InlineData("\"inTransit\"", OrderStatus.InTransit)]
    [InlineData("\"INTRANSIT\"", OrderStatus.InTransit)]
    [InlineData("\"JSON_ENUM_TESTS_ORDER_STATUS_IN_TRANSIT\"", OrderStatus.InTransit)]
    [InlineData("1", OrderStatus.InTransit)]
    [InlineData("-5", OrderStatus.Lost)]
    [InlineData("\"arrived\"", OrderStatus.Delivered)]
    [InlineData("77", (OrderStatus)77)]
    public void Names_of_all_kinds_and_numbers_are_read(string json, OrderStatus value) => Assert.Equal(value, Json.Read(json, JsonValue.ReadEnum<OrderStatus>));

    [Fact]
    public void Values_are_written_by_name_and_by_number_where_there_is_none()
    {
        Assert.Equal("\"InTransit\"", Json.Write(w => JsonValue.WriteEnum(w, OrderStatus.InTransit, JsonFormat.Web)));
        Assert.Equal("\"Lost\"", Json.Write(w => JsonValue.WriteEnum(w, OrderStatus.Lost, JsonFormat.Web)));
        Assert.Equal("77", Json.Write(w => JsonValue.WriteEnum(w, (OrderStatus)77, JsonFormat.Web)));
        Assert.Equal("\"JSON_ENUM_TESTS_ORDER_STATUS_IN_TRANSIT\"", Json.Write(w => JsonValue.WriteEnum(w, OrderStatus.InTransit, JsonFormat.LongsAsStrings)));
        Assert.Equal("78", Json.Write(w => JsonValue.WriteEnum(w, (OrderStatus)78, JsonFormat.LongsAsStrings)));
        Assert.Equal("1099511627777", Json.Write(w => JsonValue.WriteEnum(w, Marks.First | Marks.Last, JsonFormat.Web)));
    }

    [Fact]
    public void Two_names_of_one_value_are_one_name_when_written_and_both_when_read()
    {
        var json = Json.Write(w => JsonValue.WriteEnum(w, OrderStatus.Delivered, JsonFormat.Web));
        Assert.Equal(OrderStatus.Delivered, Json.Read(json, JsonValue.ReadEnum<OrderStatus>));
        Assert.Equal(OrderStatus.Delivered, Json.Read("\"Arrived\"", JsonValue.ReadEnum<OrderStatus>));
    }

    [Fact]
    public void A_number_must_fit_what_the_enum_is_made_of()
    {
        Assert.Equal(Small.Most, Json.Read("255", JsonValue.ReadEnum<Small>));
        Json.Refused("256", JsonValue.ReadEnum<Small>);
        Json.Refused("-1", JsonValue.ReadEnum<Small>);
        Json.Refused("2147483648", JsonValue.ReadEnum<OrderStatus>);
        Assert.Equal(Marks.Last, Json.Read("1099511627776", JsonValue.ReadEnum<Marks>));
    }

    [Theory]
    [InlineData("\"Broken\"", "one of Unknown, InTransit, Delivered, Arrived, Lost is expected, not the text \"Broken\"")]
    [InlineData("1.5", "one of Unknown, InTransit, Delivered, Arrived, Lost is expected, not the number 1.5")]
    [InlineData("\"1\"", "one of Unknown, InTransit, Delivered, Arrived, Lost is expected, not the text \"1\"")]
    [InlineData("null", "one of Unknown, InTransit, Delivered, Arrived, Lost is expected, not null")]
    public void The_error_lists_what_is_accepted(string json, string problem)
    {
        // The order of names is the compiler's to choose where values are equal or negative.
        var found = Json.Refused(json, JsonValue.ReadEnum<OrderStatus>).Problem;
        Assert.Equal(Sorted(problem), Sorted(found));

        static IEnumerable<string> Sorted(string text) => text.Split(' ', ',').Order(StringComparer.Ordinal);
    }

    [Fact]
    public void A_path_may_hold_a_name_or_a_number()
    {
        var path = default(JsonPath);
        Assert.Equal(OrderStatus.InTransit, JsonValue.ParseEnum<OrderStatus>("intransit", ref path));
        Assert.Equal(OrderStatus.Lost, JsonValue.ParseEnum<OrderStatus>("-5", ref path));
        Assert.Throws<JsonFieldException>(() =>
        {
            var here = default(JsonPath);
            JsonValue.ParseEnum<OrderStatus>("x", ref here);
        });
    }

    [Theory]
    [InlineData("unitPrice", "unit_price")]
    [InlineData("UnitPrice", "unit_price")]
    [InlineData("HTTPStatus", "http_status")]
    [InlineData("id", "id")]
    [InlineData("userID", "user_id")]
    [InlineData("line2Total", "line2_total")]
    [InlineData("already_snake", "already_snake")]
    [InlineData("A", "a")]
    public void Names_become_snake_case(string name, string snake) => Assert.Equal(snake, ProtoNames.SnakeCase(name));
}
