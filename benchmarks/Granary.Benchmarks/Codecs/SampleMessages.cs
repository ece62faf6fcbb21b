namespace Granary.Benchmarks.Codecs;

/// <summary>The values that are written and read; the same for every codec.</summary>
internal static class SampleMessages
{
    internal static Point Small() => new() { X = 12.5, Y = -3.25, Layer = 7 };

    internal static Order Medium(int seed = 1) => new()
    {
        OrderId = $"order-{seed:D8}",
        Account = "account-4711",
        PlacedAt = 1_760_000_000_000 + seed,
        Paid = true,
        Note = "Leave it with the neighbour, gr\u00fcne T\u00fcr",
        Lines = [.. Enumerable.Range(0, 5).Select(i => new OrderLine { Sku = $"sku-{(seed * 31) + i}", Quantity = i + 1, Price = 9.99 + i })],
        Labels = new() { ["channel"] = "web", ["region"] = "eu-north", ["tier"] = "gold" },
    };

    internal static Telemetry Large()
    {
        var raw = new byte[4096];
        new Random(1).NextBytes(raw);
        return new()
        {
            Device = "device-00042",
            Moments = [.. Enumerable.Range(0, 1000).Select(i => 1_760_000_000_000 + (i * 250L))],
            Values = [.. Enumerable.Range(0, 1000).Select(i => 20 + Math.Sin(i / 50.0))],
            Orders = [.. Enumerable.Range(0, 100).Select(Medium)],
            Raw = raw,
        };
    }

    internal static Protoc.Point ToProtoc(Point p) => new() { X = p.X, Y = p.Y, Layer = p.Layer };

    internal static Protoc.Order ToProtoc(Order o)
    {
        var order = new Protoc.Order { OrderId = o.OrderId, Account = o.Account, PlacedAt = o.PlacedAt, Paid = o.Paid, Note = o.Note };
        order.Lines.AddRange(o.Lines.Select(l => new Protoc.OrderLine { Sku = l.Sku, Quantity = l.Quantity, Price = l.Price }));
        foreach (var (name, value) in o.Labels) order.Labels[name] = value;
        return order;
    }

    internal static Protoc.Telemetry ToProtoc(Telemetry t)
    {
        var telemetry = new Protoc.Telemetry { Device = t.Device, Raw = Google.Protobuf.ByteString.CopyFrom(t.Raw) };
        telemetry.Moments.AddRange(t.Moments);
        telemetry.Values.AddRange(t.Values);
        telemetry.Orders.AddRange(t.Orders.Select(ToProtoc));
        return telemetry;
    }
}
