using Microsoft.Extensions.Options;

namespace Granary.Hosting;

/// <summary>Settings of the parts on Redis that official Orleans has no options for, in the configuration <c>Granary:Engine:Redis</c>.</summary>
public sealed class RedisEngineOptions
{
    /// <summary>The section these are bound to.</summary>
    public const string Section = "Granary:Engine:Redis";

    /// <summary>The largest state that is stored, bytes: 1 to 512 MiB, which is the most that Redis takes; a larger state is refused by name. Redis copies a state into memory whole, and serves nobody else meanwhile.</summary>
    public int MaxStateBytes { get; set; } = 16 * 1024 * 1024;
}

/// <summary>Checks the settings of the parts on Redis.</summary>
internal sealed class RedisEngineOptionsValidation : IValidateOptions<RedisEngineOptions>
{
    private const int LargestString = 512 * 1024 * 1024;

    public ValidateOptionsResult Validate(string? name, RedisEngineOptions options) => options.MaxStateBytes is >= 1 and <= LargestString
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"{RedisEngineOptions.Section}:{nameof(options.MaxStateBytes)} is {options.MaxStateBytes}. Write 1 to {LargestString} bytes; 16777216 is usual.");
}
