namespace Granary.Cli.Output;

/// <summary>What the program exits with; scripts rely on it (docs/cli.md).</summary>
internal static class ExitCode
{
    /// <summary>All is well.</summary>
    public const int Ok = 0;

    /// <summary>The host answered, with an error.</summary>
    public const int Failed = 1;

    /// <summary>The command line, or what it names, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The host could not be reached, or the connection broke.</summary>
    public const int Unreachable = 3;

    /// <summary>Interrupted, as shells write it: 128 and the signal.</summary>
    public const int Interrupted = 130;
}
