using System.Diagnostics;
using System.Globalization;

namespace Granary.Cluster.Harness;

/// <summary>
/// Kills what this process has started when this process ends, however it ends: a shell that knows the children and waits for its input to close. A child that is stopped, or that knows nothing of us
/// (redis-server), dies like any other.
/// </summary>
internal static class Reaper
{
    private const string Script = """
        trap '' INT TERM HUP
        pids=' '; last=''
        while read -r what rest; do
          case $what in
            +) pids="$pids$rest " ;;
            -) pids=$(printf '%s' "$pids" | sed "s/ $rest / /") ;;
            !) last="$last $rest;" ;;
          esac
        done
        for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
        eval "$last" >/dev/null 2>&1
        """;

    private static readonly Lock s_lock = new();
    private static readonly Lazy<Process> s_shell = new(Start);

    internal static void Add(int process) => Tell($"+ {process.ToString(CultureInfo.InvariantCulture)}");

    internal static void Remove(int process) => Tell($"- {process.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>A command for the very end, if nobody has done its work by then.</summary>
    internal static void AtEnd(string command) => Tell($"! {command}");

    private static void Tell(string line)
    {
        lock (s_lock)
        {
            s_shell.Value.StandardInput.WriteLine(line);
            s_shell.Value.StandardInput.Flush();
        }
    }

    private static Process Start() => Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true, UseShellExecute = false })!;
}
