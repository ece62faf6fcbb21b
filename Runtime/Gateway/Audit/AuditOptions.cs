namespace Granary.Gateway.Audit;

/// <summary>The log of what those who run this service have done.</summary>
public sealed class AuditOptions
{
    /// <summary>How many entries are kept, about; the oldest go first. 100 to 10,000,000; the default is 10,000. Without Redis no more than 1,000, in memory.</summary>
    public int Entries { get; set; } = 10_000;
}
