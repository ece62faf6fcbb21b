using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Framing;

/// <summary>What every call of gRPC and Connect needs of the host.</summary>
internal sealed class CallServices(IOptions<GatewayOptions> options, GatewayInstruments instruments, PassThrough passThrough, TimeProvider time, IHostApplicationLifetime lifetime)
{
    public GatewayOptions Options { get; } = options.Value;

    public GatewayInstruments Instruments { get; } = instruments;

    public PassThrough PassThrough { get; } = passThrough;

    public TimeProvider Time { get; } = time;

    public CancellationToken Stopping { get; } = lifetime.ApplicationStopping;
}
