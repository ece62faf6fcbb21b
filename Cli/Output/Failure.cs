using System.Net.Sockets;
using System.Text.Json;
using Granary.Cli.Connection;

namespace Granary.Cli.Output;

/// <summary>The command line, or what it names, is wrong; the message says what to write.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Errors in words, on the standard error output.</summary>
internal static class Failure
{
    /// <summary>Says what went wrong and what to do.</summary>
    /// <returns>The exit code for it.</returns>
    public static int Explain(Exception exception)
    {
        switch (exception)
        {
            case UsageException usage:
                Print(usage.Message);
                return ExitCode.Usage;
            case CallFailedException failed:
                Print(failed.Problem);
                return ExitCode.Failed;
            case HostUnreachableException unreachable:
                Print(unreachable.Message);
                return ExitCode.Unreachable;
            case OperationCanceledException:
                return ExitCode.Interrupted;
            case HttpRequestException or IOException or SocketException:
                Print($"the connection broke: {exception.Message}");
                return ExitCode.Unreachable;
            case JsonException:
                Print($"the host answered with something that is no JSON; is it a Granary host? {exception.Message}");
                return ExitCode.Failed;
            default:
                Print($"a mistake of this program: {exception}");
                return ExitCode.Failed;
        }
    }

    public static void Print(string message) => Console.Error.WriteLine($"granary: {Terminal.Clean(message)}");

    private static void Print(Problem problem)
    {
        Console.Error.WriteLine($"{Terminal.Error(Terminal.Clean(problem.Code))}: {Terminal.Clean(problem.Detail)}");

        // One wrong field is the whole detail.
        foreach (var (field, message) in problem.Errors.Where(e => problem.Detail != $"{e.Field}: {e.Message}")) Console.Error.WriteLine($"  {Terminal.Clean(field)}: {Terminal.Clean(message)}");
        if (problem.RetryAfter is { } seconds) Console.Error.WriteLine($"  try again in {seconds} s");
        if (problem.TraceId is { Length: > 0 }) Console.Error.WriteLine($"  trace {Terminal.Clean(problem.TraceId)}");
        if (problem.Code == "UNAUTHENTICATED") Console.Error.WriteLine("  give a token by --token or GRANARY_TOKEN; on a development host: export GRANARY_TOKEN=$(granary token --role admin)");
    }
}
