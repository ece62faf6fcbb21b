namespace Granary.Gateway.Hedging;

/// <summary>When a call that reads, and takes longer than most, is sent a second time while the first goes on; the first answer counts.</summary>
public sealed class HedgingOptions
{
    /// <summary>The methods, as <c>service/Method</c> or <c>service/*</c>; each must be <c>[ReadOnly]</c> and answer once. None by default: it costs work, and helps where an answer can come from elsewhere (stateless workers, a silo that stalls).</summary>
    public IList<string> Methods { get; set; } = [];

    /// <summary>The share of calls that are answered before a second one is sent; learned for each method. 0.5 to 0.999; the default is 0.95.</summary>
    public double Percentile { get; set; } = 0.95;

    /// <summary>A second call is never sent sooner. 1 ms to 10 s; the default is 5 ms.</summary>
    public TimeSpan LeastDelay { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Second calls as a share of a method's calls, lest they bury a service that has become slow. 0 to 0.5; the default is 0.05.</summary>
    public double BudgetRatio { get; set; } = 0.05;
}
