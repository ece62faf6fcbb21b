using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Discovery;

/// <summary>How other programs may ask where services are: the section <c>Granary:Discovery</c>.</summary>
internal sealed class DiscoveryOptions
{
    internal const string Section = "Granary:Discovery";

    /// <summary>The role that a caller needs; unset, any token will do.</summary>
    public string? Role { get; set; }

    /// <summary>The longest a caller may wait for a change; a longer wish is cut to it. 1 s to 10 min.</summary>
    public TimeSpan MaximumWait { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many callers may wait at a time; a further one is told to come back later. 1 to 100,000.</summary>
    public int MaximumWatches { get; set; } = 1000;
}

/// <summary>Refuses wrong options with a text that says what to write.</summary>
internal sealed class DiscoveryOptionsValidation : IValidateOptions<DiscoveryOptions>
{
    private const string Section = DiscoveryOptions.Section;

    public ValidateOptionsResult Validate(string? name, DiscoveryOptions options)
    {
        List<string> wrong = [];
        if (options.Role is not null && string.IsNullOrWhiteSpace(options.Role)) wrong.Add($"{Section}:Role is empty. Write the role callers need, for example discovery, or leave it out to let in every token.");
        if (options.MaximumWait < TimeSpan.FromSeconds(1) || options.MaximumWait > TimeSpan.FromMinutes(10)) wrong.Add($"{Section}:MaximumWait is {options.MaximumWait}. Write 00:00:01 to 00:10:00, for example 00:01:00.");
        if (options.MaximumWatches is < 1 or > 100_000) wrong.Add($"{Section}:MaximumWatches is {options.MaximumWatches}. Write 1 to 100000, for example 1000.");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
