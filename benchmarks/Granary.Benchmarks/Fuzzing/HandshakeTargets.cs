using System.Net;
using Granary.Engine.Transport;

namespace Granary.Fuzzing;

/// <summary>One end of a handshake, in memory. Without a secret it may succeed; with one it never can, since the recording has none.</summary>
internal abstract class HandshakeTarget(bool hasSecret) : FuzzTarget
{
    protected static readonly SiloAddress Silo = SiloAddress.New(IPAddress.Loopback, 7, 7);

    protected string? Secret { get; } = hasSecret ? "a secret that strangers do not know" : null;

    internal override int Share => 50;

    // A connection has a buffer of 64 KB, which is made anew when the pool has none to lend.
    internal override (long Once, long EachByte) Memory => (128 * 1024, 64);

    internal sealed override async ValueTask FeedAsync(byte[] input)
    {
        using var socket = new MemorySocket(input);
        socket.Begin();
        socket.End();
        try
        {
            await ShakeAsync(socket).WaitAsync(TimeSpan.FromSeconds(10));
            if (Secret is not null) throw new FuzzException("A stranger without the secret was let in.");
        }
        catch (HandshakeException)
        {
            // Refused, as it should be.
        }
        catch (TimeoutException error)
        {
            throw new FuzzException("The handshake did not end.", error);
        }
    }

    protected abstract Task ShakeAsync(PeerSocket socket);
}

/// <summary>The acceptor's end.</summary>
internal sealed class HelloTarget(Recording recording, bool hasSecret) : HandshakeTarget(hasSecret)
{
    private readonly byte[][] _hellos = recording.Frames(true, FrameKind.Hello);
    private readonly byte[][] _pool = [.. recording.Streams.SelectMany(static s => s.Frames)];

    internal override string Name => Secret is null ? "hello" : "hello-secret";

    internal override byte[] Make(Random random) => new Mutator(random, _pool).Stream(_hellos);

    protected override Task ShakeAsync(PeerSocket socket) =>
        Handshake.AcceptAsync(socket, new PeerIdentity(FuzzProcess.ClusterId, Silo, GrainId.Create("sys.client", "acceptor")), Secret, static _ => [1, 2, 3], CancellationToken.None);
}

/// <summary>The dialler's end.</summary>
internal sealed class WelcomeTarget(Recording recording, bool hasSecret) : HandshakeTarget(hasSecret)
{
    private readonly byte[][][] _answers = [.. recording.Streams.Where(static s => !s.ToSilo && s.Frames.Length > 1).Select(static s => s.Frames[..2])];
    private readonly byte[][] _pool = [.. recording.Streams.SelectMany(static s => s.Frames)];

    internal override string Name => Secret is null ? "welcome" : "welcome-secret";

    internal override byte[] Make(Random random)
    {
        var mutator = new Mutator(random, _pool);
        var answer = _answers[random.Next(_answers.Length)];
        if (random.Next(8) == 0) return mutator.Stream(answer);
        var damaged = random.Next(2);
        return mutator.Join([damaged == 0 ? mutator.Damage(answer[0]) : answer[0], damaged == 1 ? mutator.Damage(answer[1]) : answer[1]]);
    }

    protected override Task ShakeAsync(PeerSocket socket) =>
        Handshake.DialAsync(socket, new PeerIdentity(FuzzProcess.ClusterId, null, GrainId.Create("sys.client", "dialler")), Secret, null, 0, 1 << 20, CancellationToken.None);
}
