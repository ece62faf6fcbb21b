namespace Granary.Codec;

/// <summary>A JSON request (or a path or query value) that does not fit the contract. Callers outside see <c>InvalidArgument</c> with this path and text.</summary>
public sealed class JsonFieldException : Exception
{
    /// <param name="path">The field, for example <c>lines[2].quantity</c>; empty for the value as a whole.</param>
    /// <param name="problem">What is wrong and what is accepted.</param>
    public JsonFieldException(string path, string problem)
        : base(path.Length == 0 ? problem : $"{path}: {problem}")
    {
        Path = path;
        Problem = problem;
    }

    /// <summary>The field, for example <c>lines[2].quantity</c>; empty for the value as a whole.</summary>
    public string Path { get; }

    /// <summary>What is wrong and what is accepted.</summary>
    public string Problem { get; }
}
