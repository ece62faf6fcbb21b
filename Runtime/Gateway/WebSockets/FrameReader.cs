using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Granary.Gateway.WebSockets;

/// <summary>What <see cref="FrameReader.Read"/> came to.</summary>
internal enum FrameEvent
{
    /// <summary>More bytes are needed.</summary>
    None,

    /// <summary>A whole text: <see cref="FrameReader.Message"/>.</summary>
    Message,

    /// <summary>A ping: <see cref="FrameReader.Control"/> is to be sent back.</summary>
    Ping,

    /// <summary>A pong.</summary>
    Pong,

    /// <summary>The peer closes, with <see cref="FrameReader.Code"/>.</summary>
    Close,

    /// <summary>The peer broke a rule: <see cref="FrameReader.Code"/> and <see cref="FrameReader.Problem"/>. Nothing more can be read.</summary>
    Fault,
}

/// <summary>
/// Reads the frames that a client sends (RFC 6455, section 5) from whatever bytes have come, and joins them to texts. Memory follows what has come, never what a length announces.
/// Not thread-safe.
/// </summary>
/// <param name="maxMessageBytes">Bytes of the longest text.</param>
internal sealed class FrameReader(int maxMessageBytes) : IDisposable
{
    private const int Continuation = 0;
    private const int Text = 1;
    private const int Binary = 2;
    private const int CloseFrame = 8;
    private const int PingFrame = 9;
    private const int PongFrame = 10;
    private const int MaxControl = 125;

    private readonly byte[] _control = new byte[MaxControl];
    private byte[] _message = [];
    private int _messageLength;
    private int _controlLength;
    private bool _inMessage;
    private bool _inFrame;
    private bool _isFinal;
    private int _opcode;
    private uint _mask;
    private long _left;
    private int _done;

    /// <summary>The text, in UTF-8; valid until <see cref="Read"/> is called again.</summary>
    public ReadOnlyMemory<byte> Message => _message.AsMemory(0, _messageLength);

    /// <summary>What a ping carried.</summary>
    public ReadOnlyMemory<byte> Control => _control.AsMemory(0, _controlLength);

    /// <summary>The close code: the peer's, or the one to close with.</summary>
    public int Code { get; private set; }

    /// <summary>The broken rule.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Whether a frame or a text has begun and not ended.</summary>
    public bool IsPartial => _inFrame || _inMessage;

    /// <summary>Reads up to the next event.</summary>
    /// <param name="bytes">What has come; what was read is taken off.</param>
    public FrameEvent Read(ref ReadOnlySequence<byte> bytes)
    {
        if (!_inMessage && !_inFrame) Release();
        while (true)
        {
            if (!_inFrame)
            {
                var head = ReadHead(ref bytes);
                if (head != FrameEvent.Message) return head;
            }

            Take(ref bytes);
            if (_left > 0) return FrameEvent.None;
            _inFrame = false;
            switch (_opcode)
            {
                case PingFrame: return FrameEvent.Ping;
                case PongFrame: return FrameEvent.Pong;
                case CloseFrame: return ReadClose();
            }

            if (!_isFinal) continue;
            _inMessage = false;
            return Utf8.IsValid(_message.AsSpan(0, _messageLength)) ? FrameEvent.Message : Fault(CloseCode.NotUtf8, "a text is not UTF-8");
        }
    }

    public void Dispose() => Release();

    // Message: the head is read, and a payload follows.
    private FrameEvent ReadHead(ref ReadOnlySequence<byte> bytes)
    {
        const int MostHead = 14;
        Span<byte> head = stackalloc byte[MostHead];
        var there = (int)Math.Min(MostHead, bytes.Length);
        bytes.Slice(0, there).CopyTo(head);
        if (there < 2) return FrameEvent.None;
        var opcode = head[0] & 0x0F;
        var isFinal = (head[0] & 0x80) != 0;
        if ((head[0] & 0x70) != 0) return Fault(CloseCode.ProtocolError, "a reserved bit is set");
        if ((head[1] & 0x80) == 0) return Fault(CloseCode.ProtocolError, "a client's frame is not masked");
        var length = head[1] & 0x7FL;
        var isControl = opcode >= CloseFrame;
        if (isControl && (length > MaxControl || !isFinal)) return Fault(CloseCode.ProtocolError, "a control frame is long or in pieces");
        if (opcode == Binary) return Fault(CloseCode.NotText, "messages are JSON texts, not binary");
        if (opcode is not (Continuation or Text or CloseFrame or PingFrame or PongFrame)) return Fault(CloseCode.ProtocolError, "an unknown opcode");
        if (opcode == Continuation != _inMessage && !isControl) return Fault(CloseCode.ProtocolError, "a text begins within another, or goes on without a beginning");

        var size = 2 + (length switch { 126 => 2, 127 => 8, _ => 0 });
        if (there < size + 4) return FrameEvent.None;
        if (length == 126)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(head[2..]);
            if (length < 126) return Fault(CloseCode.ProtocolError, "a length is written longer than it must be");
        }
        else if (length == 127)
        {
            length = BinaryPrimitives.ReadInt64BigEndian(head[2..]);
            if (length <= ushort.MaxValue) return Fault(CloseCode.ProtocolError, "a length is negative or written longer than it must be");
        }

        if (!isControl && length > maxMessageBytes - _messageLength) return Fault(CloseCode.TooLarge, $"a message is larger than {maxMessageBytes} bytes");
        _mask = BinaryPrimitives.ReadUInt32LittleEndian(head[size..]);
        bytes = bytes.Slice(size + 4);
        _opcode = opcode;
        _isFinal = isFinal;
        _left = length;
        _done = 0;
        _inFrame = true;
        if (isControl) _controlLength = 0;
        else _inMessage = true;
        return FrameEvent.Message;
    }

    private void Take(ref ReadOnlySequence<byte> bytes)
    {
        var count = (int)Math.Min(_left, bytes.Length);
        Span<byte> target;
        if (_opcode >= CloseFrame)
        {
            target = _control.AsSpan(_controlLength, count);
            _controlLength += count;
        }
        else
        {
            Reserve(_messageLength + count);
            target = _message.AsSpan(_messageLength, count);
            _messageLength += count;
        }

        bytes.Slice(0, count).CopyTo(target);
        Unmask(target, BitOperations.RotateRight(_mask, 8 * (_done & 3)));
        bytes = bytes.Slice(count);
        _left -= count;
        _done = (_done + count) & 3;
    }

    private FrameEvent ReadClose()
    {
        Code = CloseCode.Normal;
        if (_controlLength == 0) return FrameEvent.Close;
        if (_controlLength == 1) return Fault(CloseCode.ProtocolError, "half a close code");
        Code = BinaryPrimitives.ReadUInt16BigEndian(_control);
        if (!CloseCode.MayBeSent(Code)) return Fault(CloseCode.ProtocolError, "a close code that may not be sent");
        return Utf8.IsValid(_control.AsSpan(2, _controlLength - 2)) ? FrameEvent.Close : Fault(CloseCode.NotUtf8, "a close reason is not UTF-8");
    }

    private FrameEvent Fault(int code, string problem)
    {
        Code = code;
        Problem = problem;
        return FrameEvent.Fault;
    }

    private void Reserve(int length)
    {
        if (_message.Length >= length) return;
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(length, Math.Min(2L * _message.Length, maxMessageBytes)));
        _message.AsSpan(0, _messageLength).CopyTo(larger);
        var smaller = _message;
        _message = larger;
        if (smaller.Length > 0) ArrayPool<byte>.Shared.Return(smaller);
    }

    // Connections are idle for most of their life; then they hold no buffer.
    private void Release()
    {
        _messageLength = 0;
        if (_message.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_message);
        _message = [];
    }

    private static void Unmask(Span<byte> bytes, uint mask)
    {
        var done = 0;
        if (BitConverter.IsLittleEndian)
        {
            var wide = mask | ((ulong)mask << 32);
            foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(bytes)) word ^= wide;
            done = bytes.Length & ~7;
        }

        for (; done < bytes.Length; done++) bytes[done] ^= (byte)(mask >> (8 * (done & 3)));
    }
}
