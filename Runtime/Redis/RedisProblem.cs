using Orleans.Runtime;

namespace Granary.Hosting;

/// <summary>What is wrong with a request to Redis.</summary>
public enum RedisProblem
{
    /// <summary>Something that has no name here; the message says what Redis said.</summary>
    Other,

    /// <summary>There is no connection.</summary>
    Unreachable,

    /// <summary>Redis did not answer in time; whether the request was carried out is not known.</summary>
    TimedOut,

    /// <summary>The password or the user is wrong or missing.</summary>
    NotAuthenticated,

    /// <summary>The user lacks a permission.</summary>
    Forbidden,

    /// <summary>The server is a replica, or does not write because it cannot save or has too few replicas.</summary>
    ReadOnly,

    /// <summary>The server's memory limit is reached.</summary>
    OutOfMemory,

    /// <summary>The server reads its data set and answers nothing yet.</summary>
    Loading,

    /// <summary>The server is older than <see cref="RedisRequestException.OldestVersion"/>.</summary>
    TooOld,
}

/// <summary>A request to Redis failed. The message says at which server, why, and what to do; it never has a password.</summary>
public sealed class RedisRequestException : OrleansException
{
    /// <summary>The oldest server this program works with.</summary>
    public static readonly Version OldestVersion = new(6, 2);

    public RedisRequestException(RedisProblem problem, string message)
        : base(message) => Problem = problem;

    public RedisRequestException(RedisProblem problem, string message, Exception innerException)
        : base(message, innerException) => Problem = problem;

    /// <summary>What is wrong.</summary>
    public RedisProblem Problem { get; }

    /// <summary>Whether a new connection may help.</summary>
    internal bool IsConnectionBroken => Problem is RedisProblem.Unreachable or RedisProblem.TimedOut;
}
