using Microsoft.Extensions.Options;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>The dashboard's feed: the section <c>Granary:Dashboard</c>.</summary>
internal sealed class FeedOptions
{
    internal const string Section = "Granary:Dashboard";

    /// <summary>How many pages may be open on this host at a time; a further one is told to come back later. 1 to 10,000.</summary>
    public int MaximumWatchers { get; set; } = 200;
}

/// <summary>Refuses wrong options with a text that says what to write.</summary>
internal sealed class FeedOptionsValidation : IValidateOptions<FeedOptions>
{
    public ValidateOptionsResult Validate(string? name, FeedOptions options) => options.MaximumWatchers is >= 1 and <= 10_000
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"{FeedOptions.Section}:MaximumWatchers is {options.MaximumWatchers}. Write 1 to 10000, for example 200.");
}
