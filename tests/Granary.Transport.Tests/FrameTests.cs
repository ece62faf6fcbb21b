using System.Buffers.Binary;
using Granary.Codec;
using Granary.Engine.Transport;
using Microsoft.Extensions.Logging;

namespace Granary.Transport.Tests;

public sealed class FrameTests
{
    [Fact]
    public async Task Frames_that_arrive_a_byte_at_a_time_are_understood()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var frame = Frames.Request(silo, 5, silo.ProbeOn(silo), "Add", 40L, 2L);
        for (var i = 0; i < frame.Length; i++) await peer.SendAsync(frame.AsMemory(i, 1));
        Assert.Equal(42, Frames.Number((await peer.ReceiveAsync())!));
    }

    [Fact]
    public async Task Many_frames_in_one_write_are_each_answered()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var grain = silo.ProbeOn(silo);
        var frames = Enumerable.Range(1, 1000).SelectMany(i => Frames.Request(silo, (ulong)i, grain, "Add", (long)i, 1L)).ToArray();
        var sending = peer.SendAsync(frames);
        var answers = new Dictionary<ulong, long>();
        while (answers.Count < 1000)
        {
            var reply = (await peer.ReceiveAsync())!;
            answers.Add(Frames.Correlation(reply), Frames.Number(reply));
        }

        await sending;
        Assert.All(answers, a => Assert.Equal((long)a.Key + 1, a.Value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(23)]
    [InlineData(4097)]
    public async Task Frames_cut_anywhere_are_put_together_again(int piece)
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var grain = silo.ProbeOn(silo);
        var frames = Enumerable.Range(1, 40).SelectMany(i => Frames.Request(silo, (ulong)i, grain, "Echo", new string('x', i * 50))).ToArray();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < frames.Length; i += piece) await peer.SendAsync(frames.AsMemory(i, Math.Min(piece, frames.Length - i)));
        });
        var seen = new HashSet<ulong>();
        while (seen.Count < 40) Assert.True(seen.Add(Frames.Correlation((await peer.ReceiveAsync(FrameKind.Reply))!)));
        await sending;
    }

    [Fact]
    public async Task A_frame_that_is_cut_off_by_the_end_of_the_connection_runs_nothing()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var gate = Gate.NewName();
        using (var peer = await RawPeer.DialAsync(silo.Address!))
        {
            var frame = Frames.Request(silo, 0, silo.ProbeOn(silo), "Note", gate);
            await peer.SendAsync(frame.AsMemory(0, frame.Length - 1));
        }

        await Until.True(() => silo.Network.Statistics().Connections.Count == 0, "the connection to end");
        Assert.Equal(0, Gate.Of(gate).Entries);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(16u * 1024 * 1024 + 1)]
    [InlineData(uint.MaxValue)]
    public async Task A_frame_of_a_length_that_cannot_be_ends_the_connection_with_a_reason(uint length)
    {
        await using var cluster = new TestCluster { ExpectsErrors = true };
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, length);
        await peer.SendAsync(bytes);
        await peer.EndAsync();
        await AssertBroken(cluster, $"a frame of {length} bytes");
        await AssertServes(silo);
    }

    public static TheoryData<byte[], string> Malformed => new()
    {
        { Frames.Make((FrameKind)99), "kind 99" },
        { Frames.Make(FrameKind.Hello), "kind 33" },
        { Frames.Make(FrameKind.Reply), "cannot be read" },
        { Frames.Make(FrameKind.Request, 1), "cannot be read" },
        { Frames.Make(FrameKind.Request, (ref WireWriter w) => w.WriteRaw([1, 9])), "was not given" },
        { Frames.Make(FrameKind.Request, (ref WireWriter w) => w.WriteRaw([1, 0, 0])), "a grain type of 0 bytes" },
        { Frames.Make(FrameKind.Cancel, (ref WireWriter w) => w.WriteRaw([255, 255])), "cannot be read" },
        { Frames.Make(FrameKind.GoAway), "cannot be read" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_frame_that_cannot_be_ends_the_connection_with_a_reason(byte[] frame, string reason)
    {
        await using var cluster = new TestCluster { ExpectsErrors = true };
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        await peer.SendAsync(frame);
        await peer.EndAsync();
        await AssertBroken(cluster, reason);
        await AssertServes(silo);
    }

    [Fact]
    public async Task Damaged_frames_end_in_an_answer_or_the_end_of_their_connection_and_never_of_the_silo()
    {
        await using var cluster = new TestCluster { ExpectsErrors = true };
        var silo = cluster.AddSilo();
        var random = new Random(2026);
        var whole = Frames.Request(silo, 3, silo.ProbeOn(silo), "Echo", "some text that is long enough to be damaged");
        for (var i = 0; i < 150; i++)
        {
            var frame = (byte[])whole.Clone();
            for (var n = random.Next(1, 6); n > 0; n--) frame[random.Next(4, frame.Length)] = (byte)random.Next(256);
            using var peer = await RawPeer.DialAsync(silo.Address!);
            await peer.SendAsync(frame);
            await peer.SendAsync(Frames.Make(FrameKind.Ping));
            await peer.ReceiveAsync(); // an answer, a pong, or the end
        }

        await AssertServes(silo);
        await Until.True(() => silo.InProgress() == 0, "nothing to be left");
    }

    [Fact]
    public async Task A_correlation_that_is_used_twice_at_once_ends_the_connection()
    {
        await using var cluster = new TestCluster { ExpectsErrors = true };
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var grain = silo.ProbeOn(silo);
        var first = Gate.NewName();
        await peer.SendAsync(Frames.Request(silo, 3, grain, "WaitAt", first));
        await Gate.Of(first).Entered;
        await peer.SendAsync(Frames.Request(silo, 3, grain, "WaitAt", Gate.NewName()));
        await peer.EndAsync();
        await Gate.Of(first).Cancelled;
        await AssertBroken(cluster, "in use by another call");
        await silo.AssertAtRest();
    }

    private static Task AssertBroken(TestCluster cluster, string reason) =>
        Until.True(() => cluster.Log.Entries.Any(e => e.Level == LogLevel.Error && e.Text.Contains("broke the protocol", StringComparison.Ordinal) && e.Text.Contains(reason, StringComparison.Ordinal)), $"the log to say '{reason}'");

    private static async Task AssertServes(TestProcess silo)
    {
        using var peer = await RawPeer.DialAsync(silo.Address!);
        await peer.SendAsync(Frames.Request(silo, 1, silo.ProbeOn(silo), "Add", 1L, 2L));
        Assert.Equal(3, Frames.Number((await peer.ReceiveAsync(FrameKind.Reply))!));
    }
}
