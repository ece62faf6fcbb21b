namespace Granary.Fuzzing;

/// <summary>Something that reads what strangers send.</summary>
internal abstract class FuzzTarget
{
    internal abstract string Name { get; }

    /// <summary>Of 1000 inputs, how many are for this.</summary>
    internal abstract int Share { get; }

    /// <summary>Bytes that one input may have allocated, whatever it says: some, and so many for each of its bytes.</summary>
    internal abstract (long Once, long EachByte) Memory { get; }

    /// <summary>Makes an input.</summary>
    internal abstract byte[] Make(Random random);

    /// <summary>Gives it the input and waits until it has dealt with it.</summary>
    /// <exception cref="FuzzException">It has not dealt with it as it must.</exception>
    internal abstract ValueTask FeedAsync(byte[] input);

    /// <summary>After a number of inputs: nothing is left of them, and a good client is still served.</summary>
    /// <exception cref="FuzzException">That is not so.</exception>
    internal virtual ValueTask CheckAsync() => default;

    /// <summary>Frees what it has.</summary>
    internal virtual ValueTask EndAsync() => default;
}

/// <summary>A target did what it must not.</summary>
internal sealed class FuzzException(string message, Exception? cause = null) : Exception(message, cause);
