using Microsoft.Extensions.Options;

namespace Granary.Hosting.Settings;

/// <summary>Settings are wrong; it holds every fault.</summary>
/// <param name="faults">What is wrong, in sentences.</param>
/// <param name="advice">What else there is to say of the settings.</param>
internal sealed class StartRefusedException(IEnumerable<string> faults, IEnumerable<string> advice) : OptionsValidationException(HostSettings.Section, typeof(HostSettings), faults)
{
    /// <summary>What else there is to say of the settings.</summary>
    internal IReadOnlyList<string> Advice { get; } = [.. advice];
}
