using OpenTelemetry.Trace;

namespace Granary.Telemetry.Traces;

/// <summary>Samples as another sampler does, and has what that one leaves out recorded without being marked as sampled, so that <see cref="TailKeepProcessor"/> sees it end.</summary>
internal sealed class TailKeepSampler(Sampler head) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var decided = head.ShouldSample(samplingParameters);
        return decided.Decision == SamplingDecision.Drop ? new SamplingResult(SamplingDecision.RecordOnly, decided.Attributes, decided.TraceStateString!) : decided;
    }
}
