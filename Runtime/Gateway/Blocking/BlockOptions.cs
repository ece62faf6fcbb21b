namespace Granary.Gateway.Blocking;

/// <summary>Who is refused before anything is done for them, beside those whom administrators block. Read again when the configuration changes.</summary>
public sealed class BlockOptions
{
    /// <summary>Addresses and networks: <c>203.0.113.7</c>, <c>203.0.113.0/24</c>, <c>2001:db8::/32</c>.</summary>
    public IList<string> Addresses { get; set; } = [];

    /// <summary>Subjects of tokens, API keys and certificates.</summary>
    public IList<string> Subjects { get; set; } = [];

    /// <summary>Parts of the header <c>User-Agent</c>, 3 to 200 characters, whose capitals do not matter; up to 100.</summary>
    public IList<string> Agents { get; set; } = [];

    /// <summary>How many blocks administrators may make. 0 to 1,000,000; the default is 10,000.</summary>
    public int Maximum { get; set; } = 10_000;
}
