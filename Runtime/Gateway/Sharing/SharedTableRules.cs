using Granary.Rpc;

namespace Granary.Gateway.Sharing;

/// <summary>What holds for the tables wherever they are kept.</summary>
public static class SharedTableRules
{
    private const int MaxId = 512;
    private const int MaxValue = 16 * 1024;

    /// <exception cref="RpcException">The id or the value is too long, or there is none.</exception>
    public static void Check(string id, string value)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(value);
        if (id.Length is 0 or > MaxId) throw RpcException.Invalid("id", $"must have 1 to {MaxId} characters");
        if (value.Length is 0 or > MaxValue) throw RpcException.Invalid("value", $"has more than {MaxValue} characters in all");
    }

    /// <summary>The error about a row that is not as expected.</summary>
    public static RpcException Conflict(string table, string id) => new(StatusCode.Aborted, $"'{id}' of the {table} was changed by somebody else, or is there already; look at it and try again");

    /// <summary>The error about a table without room.</summary>
    public static RpcException Full(string table, int capacity) => new(StatusCode.ResourceExhausted, $"there are {capacity} {table} already, which is what the configuration allows");
}
