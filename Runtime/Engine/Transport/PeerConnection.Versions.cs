using Granary.Codec;
using Granary.Engine.Placement;
using Granary.Engine.Routing;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// Requests for a version of an interface that this silo does not serve. They are not for this silo to run, nor to understand: it finds out which silo should, and answers Moved with the
/// arguments as they came. So a silo of the old version can be asked where a grain is by a caller that knows methods which it does not.
/// </summary>
internal sealed partial class PeerConnection
{
    /// <summary>Attempts to find the grain away from here: callers of the old version may bring it back between two.</summary>
    private const int MaxReplacements = 4;

    /// <summary>Answers a request with the silo that serves the caller's version. False when there is none, or it is served here.</summary>
    private bool TryRouteElsewhere(in RequestHeader header, ReadOnlySpan<byte> body)
    {
        // A one-way call has nobody to send it on.
        if (header.Correlation == 0 || _process is not SiloCore silo || silo.Locator.IsLocal) return false;
        var (target, type) = (header.Target, header.Target.GrainType);
        if (target.Interface is { } known && known.FindMethod(header.MethodId) is not null && silo.Placement.IsCompatible(target.Version, known.Version)) return false;
        var grainId = _ids.Target(type, header.Key);
        if (SystemGrains.IsSystem(grainId) || ObserverTable.IsObserver(grainId)) return false;
        var request = new PlacementRequest(grainId, target.Name, target.Version, Peer.Silo);
        if (!silo.Placement.HasOther(request, silo.Address)) return false;
        _inbound.Hold();
        _ = RouteElsewhereAsync(silo, request, header.Correlation, header.MethodId, target, header.Deadline, body.ToArray());
        return true;
    }

    private async Task RouteElsewhereAsync(SiloCore silo, PlacementRequest request, ulong correlation, uint method, InternedTarget target, long deadline, byte[] body)
    {
        try
        {
            for (var attempt = 0; attempt < MaxReplacements; attempt++)
            {
                if (silo.Table.Find(request.GrainId) is { } activation)
                {
                    // It makes room for one that serves both versions, or the caller's.
                    activation.RequestDeactivation(new DeactivationReason(DeactivationReasonCode.IncompatibleRequest, $"It was called through version {request.Version} of {request.Interface}, which this silo does not serve."));
                    var gone = activation.Deactivated;
                    if (activation.State != Activations.ActivationState.Gone) await gone.WaitAsync(silo.ResponseTimeout, TimeProvider.System).ConfigureAwait(false);
                }

                var location = await silo.Locator.ResolveAsync(request, deadline).ConfigureAwait(false);
                if (location.Silo is null) break;
                if (location.Silo.Equals(silo.Address)) continue;
                WriteMoved(correlation, location.Silo, location.IsNew, body);
                return;
            }

            WriteError(correlation, UnknownMethod(target, method));
        }
        catch (Exception error)
        {
            WriteError(correlation, error);
        }
        finally
        {
            _inbound.Release();
        }
    }

    private void WriteMoved(ulong correlation, SiloAddress owner, bool placeThere, byte[] body)
    {
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            var w = new WireWriter(_pending, _pendingLength);
            var start = Frame.Begin(ref w, FrameKind.Moved);
            w.WriteVarint(correlation);
            w.WriteBool(placeThere);
            w.WriteString(owner.ToParsableString());
            w.WriteRaw(body);
            Frame.End(ref w, start);
            flush = Written(in w);
        }

        Flush(flush);
    }
}
