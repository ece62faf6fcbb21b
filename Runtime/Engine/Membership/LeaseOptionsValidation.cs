using Granary.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Engine.Membership;

/// <summary>Checks the times of leases and failure detection: a cluster with wrong ones would run grains twice, or stop for nothing.</summary>
internal sealed class LeaseOptionsValidation : IValidateOptions<EngineOptions>
{
    public ValidateOptionsResult Validate(string? name, EngineOptions options)
    {
        List<string> wrong = [];
        void Check(bool isRight, string option, object seen, string advice)
        {
            if (!isRight) wrong.Add($"{EngineOptions.Section}:{option} is {seen}. {advice}");
        }

        var (lease, margin) = (options.LeaseDuration, options.LeaseMargin);
        Check(lease >= TimeSpan.FromMilliseconds(100) && lease <= TimeSpan.FromHours(1), nameof(options.LeaseDuration), lease, "Write 00:00:00.1 to 01:00:00; 00:00:10 is usual.");
        Check(margin > TimeSpan.Zero && margin <= lease, nameof(options.LeaseMargin), margin, $"Write more than zero and at most LeaseDuration ({lease}); a fifth of it is usual.");
        Check(options.RenewPeriod >= TimeSpan.FromMilliseconds(1) && options.RenewPeriod <= lease / 6, nameof(options.RenewPeriod), options.RenewPeriod, $"Write at most a sixth of LeaseDuration: {lease / 6}.");
        Check(options.ProbePeriod >= TimeSpan.FromMilliseconds(1), nameof(options.ProbePeriod), options.ProbePeriod, "Write more than zero; 00:00:01 is usual.");
        Check(options.ProbedSuccessors >= 1, nameof(options.ProbedSuccessors), options.ProbedSuccessors, "Write at least 1; 3 is usual.");
        Check(options.ProofDelay >= options.RenewPeriod * 2, nameof(options.ProofDelay), options.ProofDelay, $"Write at least twice RenewPeriod: {options.RenewPeriod * 2}.");
        Check(options.MaxStoreOutage >= TimeSpan.Zero && options.MaxStoreOutage <= TimeSpan.FromDays(1), nameof(options.MaxStoreOutage), options.MaxStoreOutage, "Write zero to 1.00:00:00; 00:05:00 is usual.");
        var least = (options.MaxStoreOutage + lease + margin) * 1.5;
        Check(options.DeadSilosKept >= least, nameof(options.DeadSilosKept), options.DeadSilosKept, $"Write at least {least}: half as long again as MaxStoreOutage, LeaseDuration and LeaseMargin together.");
        Check(options.DrainTimeout >= TimeSpan.Zero, nameof(options.DrainTimeout), options.DrainTimeout, "Write zero or more; 00:00:20 is usual.");
        Check(options.LoadReportPeriod > TimeSpan.Zero, nameof(options.LoadReportPeriod), options.LoadReportPeriod, "Write more than zero; 00:00:01 is usual.");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
