using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Granary.Calls;
using Granary.Codec;
using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>What the frames that come in mean. By the reader.</summary>
internal sealed partial class PeerConnection
{
    private readonly IncomingInterning _incomingTypes;
    private readonly GrainIdCache _ids = new();
    private long _callsIn;

    /// <summary>Handles one frame, given without its length. False when another thread has the loop now.</summary>
    /// <exception cref="FrameException">It is none.</exception>
    private bool Handle(ReadOnlySpan<byte> frame)
    {
        try
        {
            var r = new WireReader(frame);
            switch ((FrameKind)r.ReadVarint32())
            {
                case FrameKind.Request: return OnRequest(frame, ref r);
                case FrameKind.Reply: return OnReply(frame, ref r);
                case FrameKind.Error: return OnError(ref r);
                case FrameKind.Moved: return OnMoved(frame, ref r);
                case FrameKind.StreamItem:
                    OnItem(frame, ref r);
                    return true;
                case FrameKind.Credit:
                    _inbound.AddCredits(r.ReadVarint(), (int)Math.Min(r.ReadVarint32(), int.MaxValue));
                    return true;
                case FrameKind.Cancel:
                    _inbound.Cancel(r.ReadVarint());
                    return true;
                case FrameKind.Ping:
                    WriteSmall(FrameKind.Pong);
                    return true;
                case FrameKind.Pong:
                    return true;
                case FrameKind.GoAway:
                    OnGoAway(processStops: r.ReadBool());
                    return true;
                case FrameKind.GoAwayHeard:
                    _goAwayHeard.TrySetResult();
                    return true;
                case FrameKind.View:
                    if (Peer.Silo is { } silo) _network.TellView(silo, frame[r.Position..].ToArray());
                    return true;
                case var kind:
                    throw new FrameException($"a frame of the kind {(int)kind}");
            }
        }
        catch (WireFormatException error)
        {
            throw new FrameException($"a frame that cannot be read: {error.Message}");
        }
    }

    private bool OnRequest(ReadOnlySpan<byte> frame, ref WireReader r)
    {
        var header = RequestHeader.Read(ref r, _incomingTypes);
        _callsIn++;
        if (header.Key.Length > RequestHeader.MaxKey)
        {
            WriteError(header.Correlation, new LimitExceededException($"The key of a grain of the type '{header.Target.GrainType}' has {header.Key.Length} bytes and the limit is {RequestHeader.MaxKey}. Use a shorter key, and send the rest as an argument."));
            return true;
        }

        if (_inbound.Count >= CallSlab.MaxCalls)
        {
            WriteError(header.Correlation, new LimitExceededException($"{_network.Self.Name} runs {_inbound.Count} calls of this connection already and takes no more. Call less at a time."));
            return true;
        }

        if (header.Target.Interface?.FindMethod(header.MethodId) is not { } method)
        {
            if (!TryRouteElsewhere(header, frame[header.Body..])) WriteError(header.Correlation, UnknownMethod(header.Target, header.MethodId));
            return true;
        }

        if (header.Target.Version != method.Interface.Version && TryRouteElsewhere(header, frame[header.Body..])) return true;

        var call = method.CreateCall();
        call.Correlation = header.Correlation;
        call.TargetId = _ids.Target(header.Target.GrainType, header.Key);
        call.SourceId = header.HasSource ? _ids.Source(header.SourceType, header.SourceKey) : Peer.Id;
        call.Deadline = header.Deadline;
        call.DeadlineIsExplicit = header.DeadlineIsExplicit;
        call.PlaceHere = header.PlaceHere;
        call.Hops = header.Hops;
        call.TraceParent = header.Trace;
        call.Context = header.Context;
        if (Refuse(call, frame[header.Body..]) is { } refused)
        {
            WriteError(call.Correlation, refused);
            if (call.IsOneWay) _process.Log.OneWayFailed(method.FullName, call.TargetId, refused);
            call.Discard();
            return true;
        }

        call.Sink = this;
        var visit = EnterInline();
        try
        {
            _process.Router.OnRequest(call);
            if (call.IsInlineDone)
            {
                if (call.Correlation != 0) WriteOutcome(call);
                call.Discard();
                return ExitInline(visit);
            }

            if (call.Correlation != 0) _inbound.Add(call);
        }
        catch (Exception error) when (error is not FrameException)
        {
            // The router answers for calls; this is an error of the engine itself.
            _log.Unexpected(Peer.Name, error);
        }

        call.ReleaseCaller();
        return ExitInline(visit);
    }

    private RpcException UnknownMethod(InternedTarget target, uint method) => new(
        StatusCode.Unimplemented,
        $"{_network.Self.Name} does not know the method {method} of {target.Name}, version {target.Version}, and no active silo serves that version. Run the same version of the contracts on all processes, or give the new ones a [Version].");

    /// <summary>Reads a request's arguments; gives the error when it cannot run.</summary>
    private Exception? Refuse(Call call, ReadOnlySpan<byte> body)
    {
        try
        {
            var arguments = new WireReader(body);
            using (ReferenceCodec.Reading(_process.Router)) call.ReadArguments(ref arguments);
        }
        catch (WireFormatException error)
        {
            return new RpcException(StatusCode.InvalidArgument, $"The arguments of {call.Method.FullName} cannot be read: {error.Message}");
        }
        catch (Exception error)
        {
            return error;
        }

        if (call.Deadline <= Environment.TickCount64) return new TimeoutException($"The deadline of {call.Method.FullName} had passed when the call arrived at {_network.Self.Name}.");
        if (_process is not SiloCore && !ObserverTable.IsObserver(call.TargetId)) return new OrleansMessageRejectionException($"{_network.Self.Name} is a client and hosts no grains.");
        return null;
    }

    private bool OnReply(ReadOnlySpan<byte> frame, ref WireReader r)
    {
        // Not there: the caller gave up, or the answer is late.
        if (!TryTake(r.ReadVarint(), out var call)) return true;
        var body = new WireReader(frame[r.Position..]);
        if (!_meter.Allows())
        {
            SynchronizationContext.SetSynchronizationContext(HopContext.Instance);
            Complete(call, ref body);
            SynchronizationContext.SetSynchronizationContext(null);
            return true;
        }

        var visit = EnterInline();
        var began = Stopwatch.GetTimestamp();
        Complete(call, ref body);
        if (!ExitInline(visit)) return false;
        _meter.Record(Stopwatch.GetTimestamp() - began, 1);
        // Code that was resumed here may have left its context behind.
        if (SynchronizationContext.Current is not null) SynchronizationContext.SetSynchronizationContext(null);
        return true;
    }

    private void Complete(Call call, ref WireReader body)
    {
        try
        {
            using (ReferenceCodec.Reading(_process.Router)) call.CompleteFromReply(ref body);
        }
        catch (Exception error)
        {
            _log.Unexpected(Peer.Name, error);
        }

        call.ReleaseCallee();
    }

    private bool OnError(ref WireReader r)
    {
        if (!TryTake(r.ReadVarint(), out var call)) return true;
        Exception error;
        try
        {
            error = ErrorCodec.Read(ref r);
        }
        catch (Exception malformed)
        {
            // Besides bytes that are no error: a type of exception that does not let itself be made.
            error = new RpcException(StatusCode.Internal, $"The call {call.Method.FullName} failed, and its error cannot be read: {malformed.Message}");
        }

        FailElsewhere(call, error);
        return true;
    }

    /// <summary>Ends a call with an error; whoever awaits it goes on on another thread.</summary>
    private static void FailElsewhere(Call call, Exception error)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(HopContext.Instance);
        call.Fail(error);
        SynchronizationContext.SetSynchronizationContext(context);
        call.ReleaseCallee();
    }

    private bool OnMoved(ReadOnlySpan<byte> frame, ref WireReader r)
    {
        var correlation = r.ReadVarint();
        var placeThere = r.ReadBool();
        var owner = r.ReadSpan();
        // Before the call is taken: what ends the connection finds the call in its slot and ends it too.
        SiloAddress? address = null;
        if (owner.Length > 0 && !SiloAddress.TryParse(owner, out address)) throw new FrameException("a Moved frame whose owner is no silo address");
        if (!TryTake(correlation, out var call)) return true;
        if (!TryRestoreArguments(call, frame[r.Position..])) return true;
        var visit = EnterInline();
        _process.Router.OnMoved(call, address, placeThere, Peer.Silo ?? SiloAddress.Zero);
        return ExitInline(visit);
    }

    /// <summary>
    /// Reads the arguments back as they were sent: the caller may have changed its objects since. False when that fails; the call has ended then.
    /// </summary>
    private bool TryRestoreArguments(Call call, ReadOnlySpan<byte> body)
    {
        try
        {
            var arguments = new WireReader(body);
            using (ReferenceCodec.Reading(_process.Router)) call.RestoreArguments(ref arguments);
            call.ArgumentsAreOurs = true;
            return true;
        }
        catch (Exception error)
        {
            FailElsewhere(call, error);
            return false;
        }
    }

    private bool TryTake(ulong correlation, [NotNullWhen(true)] out Call? call)
    {
        if (!_slab.TryTake(correlation, out call)) return false;
        OnTaken();
        return true;
    }

    private void OnItem(ReadOnlySpan<byte> frame, ref WireReader r)
    {
        var correlation = r.ReadVarint();
        if (_slab.Find(correlation) is not IStreamCall stream) return;
        Exception? broken = null;
        try
        {
            var item = new WireReader(frame[r.Position..]);
            using (ReferenceCodec.Reading(_process.Router))
            {
                if (stream.AddItem(ref item)) return;
            }

            broken = new RpcException(StatusCode.ResourceExhausted, $"{Peer.Name} sent more items than were asked for.");
        }
        catch (Exception error)
        {
            broken = error;
        }

        if (!TryTake(correlation, out var call)) return;
        WriteSmall(FrameKind.Cancel, correlation);
        FailElsewhere(call, broken);
    }
}
