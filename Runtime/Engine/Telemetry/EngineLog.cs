using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Granary.Engine;

/// <summary>What the engine's core writes to the log.</summary>
internal sealed partial class EngineLog(ILogger logger)
{
    [LoggerMessage(1001, LogLevel.Error, "The grain {Grain} could not be activated.")]
    private static partial void LogActivationFailed(ILogger logger, GrainId grain, Exception error);

    [LoggerMessage(1002, LogLevel.Warning, "The grain {Grain} did not deactivate cleanly.")]
    private static partial void LogDeactivationFailed(ILogger logger, GrainId grain, Exception error);

    [LoggerMessage(1003, LogLevel.Error, "An error in {Grain} that nothing awaits: an async void method, a callback or a token registration.")]
    private static partial void LogUnobserved(ILogger logger, GrainId grain, Exception error);

    [LoggerMessage(1004, LogLevel.Warning, "The one-way call {Method} to {Grain} failed.")]
    private static partial void LogOneWayFailed(ILogger logger, string method, GrainId grain, Exception error);

    [LoggerMessage(1005, LogLevel.Error, "A timer callback of {Grain} failed; the timer goes on.")]
    private static partial void LogTimerFailed(ILogger logger, GrainId grain, Exception error);

    [LoggerMessage(1006, LogLevel.Debug, "The directory could not be reached to take {Grain} out; its entry stays, and calls that come by it find it.")]
    private static partial void LogNotUnregistered(ILogger logger, GrainId grain);

    internal void NotUnregistered(GrainId grain) => LogNotUnregistered(logger, grain);

    internal void ActivationFailed(GrainId grain, Exception error) => LogActivationFailed(logger, grain, error);

    internal void DeactivationFailed(GrainId grain, Exception error) => LogDeactivationFailed(logger, grain, error);

    internal void UnobservedError(GrainId grain, Exception error) => LogUnobserved(logger, grain, error);

    internal void OneWayFailed(string method, GrainId grain, Exception error) => LogOneWayFailed(logger, method, grain, error);

    internal void TimerFailed(GrainId grain, Exception error) => LogTimerFailed(logger, grain, error);
}
