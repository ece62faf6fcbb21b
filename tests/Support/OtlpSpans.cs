using System.Buffers.Binary;
using System.Text;

namespace Granary.Tests.Support;

/// <summary>One span as a collector receives it.</summary>
internal sealed record OtlpSpan(string Service, string Scope, string TraceId, string SpanId, string ParentId, string Name, int Kind, ulong Start, ulong End, int Status, string StatusText)
{
    public Dictionary<string, string> Attributes { get; } = new(StringComparer.Ordinal);

    public List<(string Name, Dictionary<string, string> Attributes)> Events { get; } = [];

    /// <summary>The traces it is linked to.</summary>
    public List<string> Links { get; } = [];

    public TimeSpan Duration => TimeSpan.FromTicks((long)(End - Start) / 100);
}

/// <summary>
/// Reads the protobuf of OTLP's <c>ExportTraceServiceRequest</c> (opentelemetry-proto, <c>trace/v1/trace.proto</c>), with the fields a test may ask for. The numbers in it are the fields' numbers.
/// </summary>
internal static class OtlpSpans
{
    public static List<OtlpSpan> Read(ReadOnlySpan<byte> request)
    {
        List<OtlpSpan> spans = [];
        for (var r = new Fields(request); r.Next();)
        {
            if (r.Number == 1) ReadResource(r.Bytes, spans);
        }

        return spans;
    }

    /// <summary>How many spans there are, without reading them.</summary>
    public static int Count(ReadOnlySpan<byte> request)
    {
        var count = 0;
        for (var resources = new Fields(request); resources.Next();)
        {
            if (resources.Number != 1) continue;
            for (var scopes = new Fields(resources.Bytes); scopes.Next();)
            {
                if (scopes.Number != 2) continue;
                for (var spans = new Fields(scopes.Bytes); spans.Next();) count += spans.Number == 2 ? 1 : 0;
            }
        }

        return count;
    }

    private static void ReadResource(ReadOnlySpan<byte> bytes, List<OtlpSpan> spans)
    {
        var service = "";
        for (var r = new Fields(bytes); r.Next();)
        {
            if (r.Number == 1)
            {
                for (var resource = new Fields(r.Bytes); resource.Next();)
                {
                    if (resource.Number == 1 && Pair(resource.Bytes) is ("service.name", var name)) service = name;
                }
            }
            else if (r.Number == 2)
            {
                ReadScope(r.Bytes, service, spans);
            }
        }
    }

    private static void ReadScope(ReadOnlySpan<byte> bytes, string service, List<OtlpSpan> spans)
    {
        var scope = "";
        for (var r = new Fields(bytes); r.Next();)
        {
            if (r.Number == 1)
            {
                for (var s = new Fields(r.Bytes); s.Next();)
                {
                    if (s.Number == 1) scope = Encoding.UTF8.GetString(s.Bytes);
                }
            }
            else if (r.Number == 2)
            {
                spans.Add(ReadSpan(r.Bytes, service, scope));
            }
        }
    }

    private static OtlpSpan ReadSpan(ReadOnlySpan<byte> bytes, string service, string scope)
    {
        string trace = "", id = "", parent = "", name = "", text = "";
        int kind = 0, status = 0;
        ulong start = 0, end = 0;
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        List<(string, Dictionary<string, string>)> events = [];
        List<string> links = [];
        for (var r = new Fields(bytes); r.Next();)
        {
            switch (r.Number)
            {
                case 1: trace = Convert.ToHexStringLower(r.Bytes); break;
                case 2: id = Convert.ToHexStringLower(r.Bytes); break;
                case 4: parent = Convert.ToHexStringLower(r.Bytes); break;
                case 5: name = Encoding.UTF8.GetString(r.Bytes); break;
                case 6: kind = (int)r.Value; break;
                case 7: start = r.Value; break;
                case 8: end = r.Value; break;
                case 9: Add(attributes, r.Bytes); break;
                case 11: events.Add(ReadEvent(r.Bytes)); break;
                case 13:
                    for (var link = new Fields(r.Bytes); link.Next();)
                    {
                        if (link.Number == 1) links.Add(Convert.ToHexStringLower(link.Bytes));
                    }

                    break;
                case 15:
                    for (var s = new Fields(r.Bytes); s.Next();)
                    {
                        if (s.Number == 2) text = Encoding.UTF8.GetString(s.Bytes);
                        if (s.Number == 3) status = (int)s.Value;
                    }

                    break;
            }
        }

        var span = new OtlpSpan(service, scope, trace, id, parent, name, kind, start, end, status, text);
        foreach (var (key, value) in attributes) span.Attributes[key] = value;
        span.Events.AddRange(events);
        span.Links.AddRange(links);
        return span;
    }

    private static (string, Dictionary<string, string>) ReadEvent(ReadOnlySpan<byte> bytes)
    {
        var name = "";
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        for (var r = new Fields(bytes); r.Next();)
        {
            if (r.Number == 2) name = Encoding.UTF8.GetString(r.Bytes);
            if (r.Number == 3) Add(attributes, r.Bytes);
        }

        return (name, attributes);
    }

    private static void Add(Dictionary<string, string> attributes, ReadOnlySpan<byte> pair)
    {
        var (key, value) = Pair(pair);
        attributes[key] = value;
    }

    private static (string Key, string Value) Pair(ReadOnlySpan<byte> bytes)
    {
        string key = "", text = "";
        for (var r = new Fields(bytes); r.Next();)
        {
            if (r.Number == 1) key = Encoding.UTF8.GetString(r.Bytes);
            if (r.Number != 2) continue;
            for (var value = new Fields(r.Bytes); value.Next();)
            {
                text = value.Number switch
                {
                    1 => Encoding.UTF8.GetString(value.Bytes),
                    2 => value.Value != 0 ? "true" : "false",
                    3 => $"{(long)value.Value}",
                    4 => $"{BitConverter.UInt64BitsToDouble(value.Value)}",
                    _ => "",
                };
            }
        }

        return (key, text);
    }

    /// <summary>The fields of one message.</summary>
    private ref struct Fields(ReadOnlySpan<byte> message)
    {
        private ReadOnlySpan<byte> _rest = message;

        public int Number { get; private set; }

        public ulong Value { get; private set; }

        public ReadOnlySpan<byte> Bytes { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty) return false;
            var tag = Varint();
            Number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0: Value = Varint(); break;
                case 1: Value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)); break;
                case 2: Bytes = Take((int)Varint()); break;
                case 5: Value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)); break;
                default: throw new FormatException($"field {Number} has the wire type {tag & 7}");
            }

            return true;
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            var taken = _rest[..length];
            _rest = _rest[length..];
            return taken;
        }

        private ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var part = Take(1)[0];
                value |= (ulong)(part & 0x7f) << shift;
                if (part < 0x80) return value;
            }
        }
    }
}
