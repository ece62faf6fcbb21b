namespace Orleans.Statistics;

/// <summary>CPU and memory of the machine or container. Filtered values are smoothed over recent samples; percentages are 0 to 100.</summary>
[GenerateSerializer]
[Immutable]
public readonly struct EnvironmentStatistics : IEquatable<EnvironmentStatistics>
{
    [Id(0)]
    public readonly float FilteredCpuUsagePercentage;

    [Id(1)]
    public readonly long FilteredMemoryUsageBytes;

    [Id(2)]
    public readonly long FilteredAvailableMemoryBytes;

    [Id(3)]
    public readonly long MaximumAvailableMemoryBytes;

    [Id(4)]
    public readonly float RawCpuUsagePercentage;

    [Id(5)]
    public readonly long RawMemoryUsageBytes;

    [Id(6)]
    public readonly long RawAvailableMemoryBytes;

    internal EnvironmentStatistics(
        float cpuUsagePercentage,
        float rawCpuUsagePercentage,
        long memoryUsageBytes,
        long rawMemoryUsageBytes,
        long availableMemoryBytes,
        long rawAvailableMemoryBytes,
        long maximumAvailableMemoryBytes)
    {
        FilteredCpuUsagePercentage = Math.Clamp(cpuUsagePercentage, 0f, 100f);
        RawCpuUsagePercentage = Math.Clamp(rawCpuUsagePercentage, 0f, 100f);
        FilteredMemoryUsageBytes = memoryUsageBytes;
        RawMemoryUsageBytes = rawMemoryUsageBytes;
        FilteredAvailableMemoryBytes = availableMemoryBytes;
        RawAvailableMemoryBytes = rawAvailableMemoryBytes;
        MaximumAvailableMemoryBytes = maximumAvailableMemoryBytes;
    }

    public float MemoryUsagePercentage => NormalizedMemoryUsage * 100f;

    public float AvailableMemoryPercentage => NormalizedAvailableMemory * 100f;

    public float NormalizedMemoryUsage => Share(RawMemoryUsageBytes);

    public float NormalizedFilteredMemoryUsage => Share(FilteredMemoryUsageBytes);

    public float NormalizedAvailableMemory => Share(RawAvailableMemoryBytes);

    public float NormalizedFilteredAvailableMemory => Share(FilteredAvailableMemoryBytes);

    public bool Equals(EnvironmentStatistics other) =>
        FilteredCpuUsagePercentage.Equals(other.FilteredCpuUsagePercentage)
        && RawCpuUsagePercentage.Equals(other.RawCpuUsagePercentage)
        && FilteredMemoryUsageBytes == other.FilteredMemoryUsageBytes
        && RawMemoryUsageBytes == other.RawMemoryUsageBytes
        && FilteredAvailableMemoryBytes == other.FilteredAvailableMemoryBytes
        && RawAvailableMemoryBytes == other.RawAvailableMemoryBytes
        && MaximumAvailableMemoryBytes == other.MaximumAvailableMemoryBytes;

    public override bool Equals(object? obj) => obj is EnvironmentStatistics other && Equals(other);

    public override int GetHashCode() =>
        HashCode.Combine(
            FilteredCpuUsagePercentage,
            RawCpuUsagePercentage,
            FilteredMemoryUsageBytes,
            RawMemoryUsageBytes,
            FilteredAvailableMemoryBytes,
            RawAvailableMemoryBytes,
            MaximumAvailableMemoryBytes);

    public override string ToString() =>
        FormattableString.Invariant(
            $"CPU {FilteredCpuUsagePercentage:0.0} %, memory {FilteredMemoryUsageBytes} of {MaximumAvailableMemoryBytes} bytes, {FilteredAvailableMemoryBytes} available");

    public static bool operator ==(EnvironmentStatistics left, EnvironmentStatistics right) => left.Equals(right);

    public static bool operator !=(EnvironmentStatistics left, EnvironmentStatistics right) => !left.Equals(right);

    private float Share(long bytes) => MaximumAvailableMemoryBytes <= 0 ? 0f : Math.Clamp((float)((double)bytes / MaximumAvailableMemoryBytes), 0f, 1f);
}

/// <summary>Measures CPU and memory. Thread-safe and cheap.</summary>
public interface IEnvironmentStatisticsProvider
{
    EnvironmentStatistics GetEnvironmentStatistics();
}
