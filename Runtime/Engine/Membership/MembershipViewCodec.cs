using System.Buffers;
using System.Collections.Immutable;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>
/// A view as silos tell it to their clients: <c>{ version = 1; repeated silo = 2 { address = 1; name = 2; status = 3; repeated role = 4; repeated type = 5 { type = 1; interface = 2; version = 3;
/// placement = 4 }; started = 6; release = 7; weight = 8; repeated endpoint = 9 { name = 1; address = 2 }; active since = 10 }; epoch = 3 }</c>.
/// </summary>
internal static class MembershipViewCodec
{
    private const uint VersionTag = 1 << 3;
    private const uint SiloTag = (2 << 3) | 2;
    private const uint EpochTag = (3 << 3) | 2;
    private const uint AddressTag = (1 << 3) | 2;
    private const uint NameTag = (2 << 3) | 2;
    private const uint StatusTag = 3 << 3;
    private const uint RoleTag = (4 << 3) | 2;
    private const uint TypeTag = (5 << 3) | 2;
    private const uint StartedTag = (6 << 3) | 2;
    private const uint ReleaseTag = (7 << 3) | 2;
    private const uint WeightTag = 8 << 3;
    private const uint EndpointTag = (9 << 3) | 2;
    private const uint ActiveSinceTag = 10 << 3;
    private const uint EndpointNameTag = (1 << 3) | 2;
    private const uint EndpointAddressTag = (2 << 3) | 2;
    private const uint GrainTypeTag = (1 << 3) | 2;
    private const uint InterfaceTag = (2 << 3) | 2;
    private const uint InterfaceVersionTag = 3 << 3;
    private const uint PlacementTag = (4 << 3) | 2;

    internal static byte[] Encode(MembershipView view)
    {
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(4096));
        w.WriteTag(VersionTag);
        w.WriteInt64(view.Version);
        foreach (var silo in view.Silos) Write(ref w, silo);
        WriteText(ref w, EpochTag, view.Epoch);
        var bytes = w.Written.ToArray();
        ArrayPool<byte>.Shared.Return(w.Buffer);
        return bytes;
    }

    /// <exception cref="WireFormatException">The bytes are no view.</exception>
    internal static MembershipView Decode(ReadOnlySpan<byte> bytes)
    {
        var r = new WireReader(bytes);
        var version = 0L;
        var epoch = "";
        var silos = ImmutableArray.CreateBuilder<SiloEntry>();
        for (uint tag; (tag = r.ReadTag()) != 0;)
        {
            switch (tag)
            {
                case VersionTag: version = r.ReadInt64(); break;
                case SiloTag: silos.Add(ReadSilo(ref r)); break;
                case EpochTag: epoch = r.ReadString(); break;
                default: r.Skip(tag); break;
            }
        }

        return new MembershipView(version, silos.DrainToImmutable()) { Epoch = epoch };
    }

    private static void Write(ref WireWriter w, SiloEntry silo)
    {
        var start = w.BeginMessage(SiloTag);
        WriteText(ref w, AddressTag, silo.Address.ToParsableString());
        WriteText(ref w, NameTag, silo.Name);
        w.WriteTag(StatusTag);
        w.WriteInt32((int)silo.Status);
        foreach (var role in silo.Roles) WriteText(ref w, RoleTag, role);
        foreach (var type in silo.GrainTypes)
        {
            var entry = w.BeginMessage(TypeTag);
            WriteText(ref w, GrainTypeTag, type.GrainType);
            WriteText(ref w, InterfaceTag, type.Interface);
            w.WriteTag(InterfaceVersionTag);
            w.WriteVarint32(type.Version);
            WriteText(ref w, PlacementTag, type.Placement);
            w.EndMessage(entry);
        }

        w.WriteTag(StartedTag);
        w.WriteTimestamp(silo.StartedAt);
        WriteText(ref w, ReleaseTag, silo.Release);
        w.WriteTag(WeightTag);
        w.WriteInt32(silo.Weight);
        foreach (var (name, address) in silo.Endpoints)
        {
            var endpoint = w.BeginMessage(EndpointTag);
            WriteText(ref w, EndpointNameTag, name);
            WriteText(ref w, EndpointAddressTag, address);
            w.EndMessage(endpoint);
        }

        w.WriteTag(ActiveSinceTag);
        w.WriteInt64(silo.ActiveSince);
        w.EndMessage(start);
    }

    private static void WriteText(ref WireWriter w, uint tag, string text)
    {
        w.WriteTag(tag);
        w.WriteString(text);
    }

    private static SiloEntry ReadSilo(ref WireReader r)
    {
        SiloAddress? address = null;
        var name = "";
        var status = SiloStatus.None;
        var roles = ImmutableArray.CreateBuilder<string>();
        var types = ImmutableArray.CreateBuilder<GrainManifestEntry>();
        var endpoints = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var started = default(DateTimeOffset);
        var release = "";
        var weight = 100;
        var activeSince = 0L;
        var token = r.EnterMessage();
        for (uint tag; (tag = r.ReadTag()) != 0;)
        {
            switch (tag)
            {
                case AddressTag:
                    var text = r.ReadString();
                    if (!SiloAddress.TryParse(text, out address)) throw new WireFormatException($"'{text}' is no silo address.", r.Position);
                    break;
                case NameTag: name = r.ReadString(); break;
                case StatusTag: status = (SiloStatus)r.ReadInt32(); break;
                case RoleTag: roles.Add(r.ReadString()); break;
                case TypeTag: types.Add(ReadType(ref r)); break;
                case StartedTag: started = r.ReadTimestamp(); break;
                case ReleaseTag: release = r.ReadString(); break;
                case WeightTag: weight = r.ReadInt32(); break;
                case EndpointTag:
                    var (endpoint, where) = ReadEndpoint(ref r);
                    endpoints[endpoint] = where;
                    break;
                case ActiveSinceTag: activeSince = r.ReadInt64(); break;
                default: r.Skip(tag); break;
            }
        }

        r.ExitMessage(token);
        return new SiloEntry(address ?? throw new WireFormatException("A silo without an address.", r.Position), name, status, roles.DrainToImmutable(), types.DrainToImmutable(), started)
        {
            Release = release,
            Weight = weight,
            Endpoints = endpoints.ToImmutable(),
            ActiveSince = activeSince,
        };
    }

    private static (string Name, string Address) ReadEndpoint(ref WireReader r)
    {
        string name = "", address = "";
        var token = r.EnterMessage();
        for (uint tag; (tag = r.ReadTag()) != 0;)
        {
            switch (tag)
            {
                case EndpointNameTag: name = r.ReadString(); break;
                case EndpointAddressTag: address = r.ReadString(); break;
                default: r.Skip(tag); break;
            }
        }

        r.ExitMessage(token);
        return (name, address);
    }

    private static GrainManifestEntry ReadType(ref WireReader r)
    {
        string type = "", name = "", placement = "";
        ushort version = 0;
        var token = r.EnterMessage();
        for (uint tag; (tag = r.ReadTag()) != 0;)
        {
            switch (tag)
            {
                case GrainTypeTag: type = r.ReadString(); break;
                case InterfaceTag: name = r.ReadString(); break;
                case InterfaceVersionTag: version = (ushort)Math.Min(r.ReadVarint32(), ushort.MaxValue); break;
                case PlacementTag: placement = r.ReadString(); break;
                default: r.Skip(tag); break;
            }
        }

        r.ExitMessage(token);
        return new GrainManifestEntry(type, name, version, placement);
    }
}
