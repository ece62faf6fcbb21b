using Granary.Codec;

namespace Granary.Engine.Transport;

/// <summary>Finds, in the output of a connection that has ended, the requests that the peer cannot have got whole.</summary>
internal sealed class UnsentFrames
{
    private readonly Dictionary<ulong, ReadOnlyMemory<byte>> _requests = [];

    private readonly List<ReadOnlyMemory<byte>> _oneWay = [];

    /// <summary>The one-way calls among them: each frame from its kind on, in the order of sending.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> OneWay => _oneWay;

    /// <summary>Looks through whole frames of which the socket has taken so many bytes.</summary>
    internal void Add(ReadOnlyMemory<byte> frames, int sent)
    {
        for (var start = 0; start + Frame.LengthBytes <= frames.Length;)
        {
            var end = start + Frame.LengthBytes + (int)Frame.Length(frames.Span[start..]);
            if (end > sent)
            {
                var frame = frames[(start + Frame.LengthBytes)..end];
                var r = new WireReader(frame.Span);
                if ((FrameKind)r.ReadVarint32() == FrameKind.Request)
                {
                    var correlation = r.ReadVarint();
                    if (correlation == 0) _oneWay.Add(frame);
                    else _requests[correlation] = frame;
                }
            }

            start = end;
        }
    }

    /// <summary>The frame, from its kind on, of the call with that correlation. False when it may have been sent.</summary>
    internal bool TryFind(ulong correlation, out ReadOnlyMemory<byte> frame) => _requests.TryGetValue(correlation, out frame);
}
