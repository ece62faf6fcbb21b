using System.Runtime;
using System.Runtime.InteropServices;

namespace Granary.Benchmarks.Harness;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    private static readonly string s_load = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "";

    internal static string Cpu => ProcessorName();

    internal static int Cores => Environment.ProcessorCount;

    internal static string Runtime => RuntimeInformation.FrameworkDescription;

    internal static string System => $"{RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.ProcessArchitecture}";

    internal static string Memory => Unit.Megabytes.Format(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1048576.0);

    internal static string Collector => GCSettings.IsServerGC ? "server GC" : "workstation GC";

    /// <summary>Processes that wanted a core in the minute before this program ran; empty where the system does not say.</summary>
    internal static string Load => s_load;

    internal static string Describe() => $"{Cpu}, {Cores} cores, {Memory}; {System}; {Runtime}, {Collector}; load {s_load} before the run";

    private static string ProcessorName()
    {
        if (!File.Exists("/proc/cpuinfo")) return RuntimeInformation.ProcessArchitecture.ToString();
        foreach (var line in File.ReadLines("/proc/cpuinfo"))
        {
            if (line.StartsWith("model name", StringComparison.Ordinal)) return line[(line.IndexOf(':') + 1)..].Trim();
        }

        return RuntimeInformation.ProcessArchitecture.ToString();
    }
}
