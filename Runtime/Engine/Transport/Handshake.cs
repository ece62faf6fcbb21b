using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>Who is at an end of a connection.</summary>
/// <param name="ClusterId">Its cluster.</param>
/// <param name="Silo">Its address when it is a silo, else null.</param>
/// <param name="Id">The source of the calls that no grain makes: for a client, the client.</param>
internal sealed record PeerIdentity(string ClusterId, SiloAddress? Silo, GrainId Id)
{
    internal string Name => Silo?.ToString() ?? Id.Key.ToString();
}

/// <summary>The handshake was refused. The message says by whom and why.</summary>
/// <param name="message">By whom and why.</param>
/// <param name="isOtherSilo">A silo answered that is another one than was asked for: that one is gone from this address.</param>
internal sealed class HandshakeException(string message, bool isOtherSilo = false) : Exception(message)
{
    internal bool IsOtherSilo { get; } = isOtherSilo;
}

/// <summary>
/// The first frames of a connection, each at most <see cref="MaxFrame"/> until the other end is known:
/// <code>
///   acceptor: Greeting { version = 1; nonce = 2 }
///   dialler:  Hello    { version = 1; nonce = 2; cluster = 3; silo = 4; id type = 5; id key = 6; lane = 7; wanted silo = 8; proof = 9 }
///   acceptor: Welcome  { version = 1; cluster = 3; silo = 4; id type = 5; id key = 6; proof = 9; view = 10 }   or   Refusal { reason = 1; other silo = 2; proof = 3 }
/// </code>
/// With a shared secret each side's proof is HMAC-SHA-256, under the secret, of its part's name, both nonces and every field that it states: so no end can replay or reflect the other's,
/// nor be made to say something else. Nothing else is read from a stranger: the text of a refusal is shown, but that another silo is at the address is believed only with proof.
/// The proofs show who opened the connection, not who writes to it later: where others can reach into the network, TLS is needed (<see cref="PeerTls"/>).
/// </summary>
internal static class Handshake
{
    internal const uint Version = 1;
    internal const int MaxFrame = 8 * 1024;
    private const int NonceBytes = 16;
    private const int MaxReason = 1024;
    private const byte TlsHandshakeRecord = 0x16;

    private const uint VersionTag = 1 << 3;
    private const uint NonceTag = (2 << 3) | 2;
    private const uint ClusterTag = (3 << 3) | 2;
    private const uint SiloTag = (4 << 3) | 2;
    private const uint IdTypeTag = (5 << 3) | 2;
    private const uint IdKeyTag = (6 << 3) | 2;
    private const uint LaneTag = 7 << 3;
    private const uint WantedTag = (8 << 3) | 2;
    private const uint ProofTag = (9 << 3) | 2;
    private const uint ViewTag = (10 << 3) | 2;
    private const uint ReasonTag = (1 << 3) | 2;
    private const uint OtherSiloTag = 2 << 3;
    private const uint RefusalProofTag = (3 << 3) | 2;

    /// <summary>The dialler's side.</summary>
    /// <param name="socket">Connected.</param>
    /// <param name="self">Who dials.</param>
    /// <param name="secret">The shared secret, or null.</param>
    /// <param name="wanted">The silo that must answer; null for whichever is there.</param>
    /// <param name="lane">Which of the connections this is.</param>
    /// <param name="maxView">The largest view to accept, bytes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Who answered, and its view of the cluster if it sent one.</returns>
    /// <exception cref="HandshakeException">The ends do not belong together.</exception>
    internal static async Task<(PeerIdentity Peer, byte[]? View)> DialAsync(PeerSocket socket, PeerIdentity self, string? secret, SiloAddress? wanted, int lane, int maxView, CancellationToken cancellation)
    {
        var greeting = Read(FrameKind.Greeting, await ReceiveAsync(socket, MaxFrame, cancellation));
        CheckVersion(greeting.Version);
        // What is proved below must be of this connection: only nonces that are long enough are one connection's.
        if (secret is not null && greeting.Nonce.Length != NonceBytes) throw NoProtocol();
        var hello = new Fields
        {
            Version = Version,
            Nonce = RandomNumberGenerator.GetBytes(NonceBytes),
            Cluster = self.ClusterId,
            Silo = self.Silo?.ToParsableString() ?? "",
            IdType = self.Id.Type.ToString()!,
            IdKey = self.Id.Key.ToString(),
            Lane = (uint)lane,
            Wanted = wanted?.ToParsableString() ?? "",
        };
        if (secret is not null) hello.Proof = Prove(secret, "dialler", greeting.Nonce, hello.Nonce, hello);
        await SendAsync(socket, Write(FrameKind.Hello, hello), cancellation);

        var answer = await ReceiveAsync(socket, MaxFrame + maxView, cancellation);
        if (answer[0] == (byte)FrameKind.Refusal) throw ReadRefusal(answer, secret, greeting.Nonce, hello.Nonce);
        var welcome = Read(FrameKind.Welcome, answer);
        CheckVersion(welcome.Version);
        CheckProof(secret, "acceptor", greeting.Nonce, hello.Nonce, welcome);
        if (welcome.Cluster != self.ClusterId) throw new HandshakeException($"The process there belongs to the cluster '{welcome.Cluster}', this one to '{self.ClusterId}'.");
        var peer = Identify(welcome);
        if (wanted is not null && !wanted.Equals(peer.Silo)) throw new HandshakeException($"{peer.Name} answered in the place of {wanted}.", isOtherSilo: true);
        return (peer, welcome.View.Length > 0 ? welcome.View : null);
    }

    /// <summary>The acceptor's side. It has told the dialler when it throws.</summary>
    /// <param name="socket">Accepted.</param>
    /// <param name="self">Who accepts.</param>
    /// <param name="secret">The shared secret, or null.</param>
    /// <param name="view">The view for the dialler; null for none.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Who dialled, and the lane.</returns>
    /// <exception cref="HandshakeException">The ends do not belong together.</exception>
    internal static async Task<(PeerIdentity Peer, int Lane)> AcceptAsync(PeerSocket socket, PeerIdentity self, string? secret, Func<PeerIdentity, byte[]?> view, CancellationToken cancellation)
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        byte[]? diallerNonce = null;
        await SendAsync(socket, Write(FrameKind.Greeting, new Fields { Version = Version, Nonce = nonce }), cancellation);
        try
        {
            var hello = Read(FrameKind.Hello, await ReceiveAsync(socket, MaxFrame, cancellation));
            CheckVersion(hello.Version);
            CheckProof(secret, "dialler", nonce, hello.Nonce, hello);
            diallerNonce = hello.Nonce;
            if (hello.Cluster != self.ClusterId) throw new HandshakeException($"This process belongs to another cluster than '{hello.Cluster}'. Give both the same ClusterOptions.ClusterId.");
            if (hello.Wanted.Length > 0 && hello.Wanted != self.Silo?.ToParsableString()) throw new HandshakeException($"{hello.Wanted} is not here any more; {self.Name} is.", isOtherSilo: true);
            var peer = Identify(hello);
            var welcome = new Fields
            {
                Version = Version,
                Cluster = self.ClusterId,
                Silo = self.Silo?.ToParsableString() ?? "",
                IdType = self.Id.Type.ToString()!,
                IdKey = self.Id.Key.ToString(),
                View = view(peer) ?? [],
            };
            if (secret is not null) welcome.Proof = Prove(secret, "acceptor", nonce, hello.Nonce, welcome);
            await SendAsync(socket, Write(FrameKind.Welcome, welcome), cancellation);
            return (peer, (int)Math.Min(hello.Lane, 63));
        }
        catch (HandshakeException refused)
        {
            // To one that has proved nothing, nothing is proved.
            await SendAsync(socket, WriteRefusal(refused, diallerNonce is null ? null : secret, nonce, diallerNonce), cancellation);
            throw;
        }
    }

    private static void CheckVersion(uint version)
    {
        if (version != Version) throw new HandshakeException($"The other end speaks version {version} of the silo protocol, this one version {Version}. Run the same Granary version on both.");
    }

    private static void CheckProof(string? secret, string part, byte[] acceptorNonce, byte[] diallerNonce, Fields fields)
    {
        if (secret is null)
        {
            if (fields.Proof.Length > 0) throw new HandshakeException("One end has a shared secret and the other has none. Configure the same on all processes of the cluster.");
            return;
        }

        if (diallerNonce.Length != NonceBytes || acceptorNonce.Length != NonceBytes || !CryptographicOperations.FixedTimeEquals(fields.Proof, Prove(secret, part, acceptorNonce, diallerNonce, fields)))
        {
            throw new HandshakeException("The shared secrets differ, or one end has none. Configure the same on all processes of the cluster.");
        }
    }

    private static byte[] Prove(string secret, string part, byte[] acceptorNonce, byte[] diallerNonce, Fields fields)
    {
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(512 + fields.View.Length));
        w.WriteString(part);
        w.WriteBytes(acceptorNonce);
        w.WriteBytes(diallerNonce);
        w.WriteVarint32(fields.Version);
        w.WriteString(fields.Cluster);
        w.WriteString(fields.Silo);
        w.WriteString(fields.IdType);
        w.WriteString(fields.IdKey);
        w.WriteVarint32(fields.Lane);
        w.WriteString(fields.Wanted);
        w.WriteBytes(fields.View);
        var proof = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), w.Written);
        ArrayPool<byte>.Shared.Return(w.Buffer);
        return proof;
    }

    private static PeerIdentity Identify(Fields fields)
    {
        SiloAddress? silo = null;
        if (fields.Silo.Length > 0 && !SiloAddress.TryParse(fields.Silo, out silo)) throw new HandshakeException($"'{fields.Silo}' is no silo address.");
        if (fields.IdType.Length == 0 || fields.IdKey.Length == 0) throw new HandshakeException("The other end did not say who it is.");
        return new PeerIdentity(fields.Cluster, silo, GrainId.Create(fields.IdType, fields.IdKey));
    }

    private static byte[] Write(FrameKind kind, Fields fields)
    {
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(512 + fields.View.Length));
        var start = Frame.Begin(ref w, kind);
        w.WriteTag(VersionTag);
        w.WriteVarint32(fields.Version);
        WriteBytes(ref w, NonceTag, fields.Nonce);
        WriteText(ref w, ClusterTag, fields.Cluster);
        WriteText(ref w, SiloTag, fields.Silo);
        WriteText(ref w, IdTypeTag, fields.IdType);
        WriteText(ref w, IdKeyTag, fields.IdKey);
        w.WriteTag(LaneTag);
        w.WriteVarint32(fields.Lane);
        WriteText(ref w, WantedTag, fields.Wanted);
        WriteBytes(ref w, ProofTag, fields.Proof);
        WriteBytes(ref w, ViewTag, fields.View);
        Frame.End(ref w, start);
        return Finish(w);
    }

    private static byte[] ProveRefusal(string secret, byte[] acceptorNonce, byte[] diallerNonce, string reason, bool isOtherSilo) =>
        Prove(secret, "refuser", acceptorNonce, diallerNonce, new Fields { Version = isOtherSilo ? 1U : 0U, Cluster = reason });

    private static byte[] WriteRefusal(HandshakeException refused, string? secret, byte[] acceptorNonce, byte[]? diallerNonce)
    {
        var reason = refused.Message.Length <= MaxReason ? refused.Message : refused.Message[..MaxReason];
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(512));
        var start = Frame.Begin(ref w, FrameKind.Refusal);
        WriteText(ref w, ReasonTag, reason);
        w.WriteTag(OtherSiloTag);
        w.WriteBool(refused.IsOtherSilo);
        if (secret is not null) WriteBytes(ref w, RefusalProofTag, ProveRefusal(secret, acceptorNonce, diallerNonce!, reason, refused.IsOtherSilo));
        Frame.End(ref w, start);
        return Finish(w);
    }

    private static byte[] Finish(WireWriter w)
    {
        var frame = w.Written.ToArray();
        ArrayPool<byte>.Shared.Return(w.Buffer);
        return frame;
    }

    private static void WriteText(ref WireWriter w, uint tag, string text)
    {
        if (text.Length == 0) return;
        w.WriteTag(tag);
        w.WriteString(text);
    }

    private static void WriteBytes(ref WireWriter w, uint tag, byte[] bytes)
    {
        if (bytes.Length == 0) return;
        w.WriteTag(tag);
        w.WriteBytes(bytes);
    }

    private static Fields Read(FrameKind expected, byte[] frame)
    {
        try
        {
            var r = new WireReader(frame);
            var kind = (FrameKind)r.ReadVarint32();
            if (kind != expected) throw NoProtocol();
            var fields = new Fields();
            for (uint tag; (tag = r.ReadTag()) != 0;)
            {
                switch (tag)
                {
                    case VersionTag: fields.Version = r.ReadVarint32(); break;
                    case NonceTag: fields.Nonce = r.ReadBytes(); break;
                    case ClusterTag: fields.Cluster = r.ReadString(); break;
                    case SiloTag: fields.Silo = r.ReadString(); break;
                    case IdTypeTag: fields.IdType = r.ReadString(); break;
                    case IdKeyTag: fields.IdKey = r.ReadString(); break;
                    case LaneTag: fields.Lane = r.ReadVarint32(); break;
                    case WantedTag: fields.Wanted = r.ReadString(); break;
                    case ProofTag: fields.Proof = r.ReadBytes(); break;
                    case ViewTag: fields.View = r.ReadBytes(); break;
                    default: r.Skip(tag); break;
                }
            }

            return fields;
        }
        catch (WireFormatException error)
        {
            throw NoProtocol(error.Message);
        }
    }

    private static HandshakeException ReadRefusal(byte[] frame, string? secret, byte[] acceptorNonce, byte[] diallerNonce)
    {
        var reason = "";
        var isOtherSilo = false;
        byte[] proof = [];
        try
        {
            var r = new WireReader(frame);
            r.ReadVarint32(); // the kind
            for (uint tag; (tag = r.ReadTag()) != 0;)
            {
                switch (tag)
                {
                    case ReasonTag: reason = r.ReadString(); break;
                    case OtherSiloTag: isOtherSilo = r.ReadBool(); break;
                    case RefusalProofTag: proof = r.ReadBytes(); break;
                    default: r.Skip(tag); break;
                }
            }
        }
        catch (WireFormatException error)
        {
            return NoProtocol(error.Message);
        }

        if (reason.Length > MaxReason) reason = reason[..MaxReason];
        var isProved = secret is null || CryptographicOperations.FixedTimeEquals(proof, ProveRefusal(secret, acceptorNonce, diallerNonce, reason, isOtherSilo));
        return new HandshakeException($"Refused: {reason}", isOtherSilo && isProved);
    }

    private static HandshakeException NoProtocol(string detail = "") => new($"The other end does not speak the silo protocol. {detail}".TrimEnd());

    private static async Task<byte[]> ReceiveAsync(PeerSocket socket, int most, CancellationToken cancellation)
    {
        var length = new byte[Frame.LengthBytes];
        await FillAsync(socket, length, cancellation);
        var bytes = Frame.Length(length);
        if (bytes == 0 || bytes > (uint)most) throw NoProtocol(length[0] == TlsHandshakeRecord && length[1] == 3 ? "It speaks TLS; set Granary:Engine:Tls on this process too." : "");
        // Grows as bytes come, not as the length promises them.
        var frame = new byte[Math.Min(bytes, MaxFrame)];
        await FillAsync(socket, frame, cancellation);
        while (frame.Length < bytes)
        {
            var filled = frame.Length;
            Array.Resize(ref frame, (int)Math.Min(bytes, filled * 2L));
            await FillAsync(socket, frame.AsMemory(filled), cancellation);
        }

        return frame;
    }

    private static async Task FillAsync(PeerSocket socket, Memory<byte> bytes, CancellationToken cancellation)
    {
        for (var filled = 0; filled < bytes.Length;)
        {
            var received = await socket.ReceiveAsync(bytes[filled..], cancellation);
            if (received == 0) throw new HandshakeException("The other end hung up.");
            filled += received;
        }
    }

    private static async Task SendAsync(PeerSocket socket, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        while (frame.Length > 0) frame = frame[await socket.SendAsync(frame, cancellation)..];
    }

    /// <summary>The fields of all three; a frame states those that it has.</summary>
    private sealed class Fields
    {
        internal uint Version;
        internal byte[] Nonce = [];
        internal string Cluster = "";
        internal string Silo = "";
        internal string IdType = "";
        internal string IdKey = "";
        internal uint Lane;
        internal string Wanted = "";
        internal byte[] Proof = [];
        internal byte[] View = [];
    }
}
