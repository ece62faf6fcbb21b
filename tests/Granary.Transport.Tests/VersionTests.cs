using Granary.Engine.Membership;
using Granary.Engine.Transport;
using Granary.Rpc;

namespace Granary.Transport.Tests;

/// <summary>
/// Callers of another version of an interface. The silos here all have version 0; what the view says of the second one is what a silo of the next release would say, and the caller is played byte by byte.
/// </summary>
public sealed class VersionTests
{
    private const string Interface = "Granary.Transport.Tests.IProbeGrain";
    private const uint NewMethod = 4711;

    [Fact]
    public async Task A_method_that_this_silo_does_not_know_is_sent_to_one_that_serves_its_version_with_the_arguments_as_they_came()
    {
        await using var cluster = new TestCluster();
        var (old, next) = Silos(cluster);
        using var caller = await RawPeer.DialAsync(old.Address!);
        byte[] arguments = [10, 3, 1, 2, 3];
        await caller.SendAsync(Request(7, IdOf(old.ProbeOn(old)), NewMethod, arguments, version: 2));
        var (owner, placeThere, body) = Moved(await caller.ReceiveAsync(FrameKind.Moved));
        Assert.Equal(next.Address, owner);
        Assert.True(placeThere);
        Assert.Equal(arguments, body);
    }

    [Fact]
    public async Task An_activation_that_is_too_old_for_its_caller_goes_and_the_grain_is_placed_where_the_version_is_served()
    {
        await using var cluster = new TestCluster();
        var (old, next) = Silos(cluster);
        var grain = old.ProbeOn(old);
        var grainId = IdOf(grain);
        old.Core.View = View(old, next, oldOnly: true);
        Assert.Equal(3, await grain.Add(1, 2)); // it lives in the old silo
        old.Core.View = View(old, next);
        var add = old.Core.Types.Interface(typeof(IProbeGrain)).Methods.Single(m => m.Name == "Add");

        using var caller = await RawPeer.DialAsync(old.Address!);
        await caller.SendAsync(Request(8, grainId, add.Id, [], version: 2));
        var (owner, placeThere, _) = Moved(await caller.ReceiveAsync(FrameKind.Moved));
        Assert.Equal(next.Address, owner);
        Assert.True(placeThere);
        Assert.Null(await cluster.Directory.Lookup(grainId));

        // A caller of the old version may still have it where it is.
        await caller.SendAsync(Frames.Request(old, 9, old.ProbeOn(old), "Add", 1L, 2L));
        Assert.Equal(3, Frames.Number(await caller.ReceiveAsync(FrameKind.Reply)));
        await old.AssertAtRest();
    }

    [Fact]
    public async Task Where_no_silo_serves_the_version_a_known_method_runs_and_an_unknown_one_does_not()
    {
        await using var cluster = new TestCluster();
        var (old, _) = Silos(cluster);
        using var caller = await RawPeer.DialAsync(old.Address!);
        var grain = old.ProbeOn(old);
        var add = old.Core.Types.Interface(typeof(IProbeGrain)).Methods.Single(m => m.Name == "Add");
        await caller.SendAsync(Request(3, IdOf(grain), add.Id, [16, 1, 24, 2], version: 9));
        Assert.Equal(3, Frames.Number(await caller.ReceiveAsync(FrameKind.Reply)));
        await caller.SendAsync(Request(4, IdOf(grain), NewMethod, [], version: 9));
        var error = Assert.IsType<RpcException>(Frames.Error(await caller.ReceiveAsync(FrameKind.Error)));
        Assert.Equal(StatusCode.Unimplemented, error.Code);
        Assert.Contains("version 9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_graceful_stop_waits_for_a_request_that_is_being_sent_elsewhere()
    {
        var inbound = new InboundCalls();
        inbound.Hold();
        var empty = inbound.WhenEmpty();
        Assert.False(empty.IsCompleted);
        inbound.Release();
        await empty.WaitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>Two silos that take the second for one of the next version.</summary>
    private static (TestProcess Old, TestProcess Next) Silos(TestCluster cluster)
    {
        var (old, next) = (cluster.AddSilo(), cluster.AddSilo());
        old.Core.View = View(old, next);
        return (old, next);
    }

    private static MembershipView View(TestProcess old, TestProcess next, bool oldOnly = false) => new(oldOnly ? 10 : 11,
    [
        new SiloEntry(old.Address!, "old", SiloStatus.Active, [], [.. old.Core.Types.Manifest()], default),
        new SiloEntry(next.Address!, "next", oldOnly ? SiloStatus.Joining : SiloStatus.Active, [], [.. next.Core.Types.Manifest().Select(e => e.Interface == Interface ? e with { Version = 2 } : e)], default),
    ]);

    private static GrainId IdOf(IProbeGrain grain) => ((GrainReference)(object)grain).GrainId;

    private static byte[] Request(ulong correlation, GrainId target, uint method, byte[] arguments, ushort version) =>
        Frames.Request(correlation, target, Interface, method, (ref Codec.WireWriter w) => w.WriteRaw(arguments), version);

    private static (SiloAddress Owner, bool PlaceThere, byte[] Body) Moved(byte[] frame)
    {
        var r = new Codec.WireReader(frame);
        r.ReadVarint32();
        r.ReadVarint();
        var placeThere = r.ReadBool();
        var owner = SiloAddress.FromParsableString(r.ReadString());
        return (owner, placeThere, frame[r.Position..]);
    }
}
