using Granary.Client.Endpoints;
using Microsoft.Extensions.Options;

namespace Granary.Client;

/// <summary>Checks all settings at once; each message says what was wrong, what was seen and what is accepted.</summary>
internal sealed class GranaryClientOptionsValidation : IValidateOptions<GranaryClientOptions>
{
    public ValidateOptionsResult Validate(string? name, GranaryClientOptions options)
    {
        var faults = Faults(options);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <exception cref="ArgumentException">Something is wrong.</exception>
    public static void Check(GranaryClientOptions options)
    {
        var faults = Faults(options);
        if (faults.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
    }

    private static List<string> Faults(GranaryClientOptions options)
    {
        var faults = new List<string>();
        if (options.Endpoints.Count == 0) faults.Add("Endpoints is empty; write the address of at least one host, for example \"https://api.example.com\".");
        foreach (var endpoint in options.Endpoints)
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/" || uri.UserInfo.Length > 0)
                faults.Add($"Endpoints holds '{endpoint}'; an address is http://host:port or https://host:port, without a path.");
        }

        foreach (var twice in options.Endpoints.GroupBy(e => e, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1)) faults.Add($"Endpoints holds '{twice.Key}' {twice.Count()} times; write it once.");
        Within("NameRefresh", options.NameRefresh, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        if (!Enum.IsDefined(options.Balancing)) faults.Add($"Balancing is {options.Balancing}; one of {string.Join(", ", Enum.GetNames<Balancing>())} is accepted.");
        Count("ConnectionsPerEndpoint", options.ConnectionsPerEndpoint, 1, 16);
        Within("ConnectTimeout", options.ConnectTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Within("Deadline", options.Deadline, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));
        if (options.StreamDeadline is { } streams) Within("StreamDeadline", streams, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(7));
        Count("MaximumCalls", options.MaximumCalls, 1, 1_000_000);
        Count("RequestBytes", options.RequestBytes, 1024, 1 << 30);
        Count("ReplyBytes", options.ReplyBytes, 1024, 1 << 30);
        Count("Retries:Attempts", options.Retries.Attempts, 1, 10);
        Within("Retries:FirstDelay", options.Retries.FirstDelay, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Within("Retries:MaximumDelay", options.Retries.MaximumDelay, options.Retries.FirstDelay, TimeSpan.FromMinutes(1));
        if (options.Retries.BudgetRatio is not (>= 0 and <= 1)) faults.Add($"Retries:BudgetRatio is {options.Retries.BudgetRatio}; a share between 0 and 1 is accepted.");
        Count("Retries:BudgetReserve", options.Retries.BudgetReserve, 0, 10_000);
        Within("Health:FirstBackoff", options.Health.FirstBackoff, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5));
        Within("Health:MaximumBackoff", options.Health.MaximumBackoff, options.Health.FirstBackoff, TimeSpan.FromHours(1));
        Within("Health:ProbeTimeout", options.Health.ProbeTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        foreach (var header in options.Headers.Keys)
        {
            if (CallOptions.HeaderFault(header) is { } fault) faults.Add(fault);
        }

        return faults;

        void Within(string name, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most) faults.Add($"{name} is {value}; {least} to {most} is accepted.");
        }

        void Count(string name, int value, int least, int most)
        {
            if (value < least || value > most) faults.Add($"{name} is {value}; {least} to {most} is accepted.");
        }
    }
}
