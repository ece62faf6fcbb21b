using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace Granary.Engine.Hosting;

/// <summary>The end of a process whose silo may not run grains any more: the host is asked to stop, and after five seconds it is not asked any more. The exit code is <see cref="ExitCode"/>.</summary>
internal static class ProcessEnd
{
    /// <summary>EX_TEMPFAIL of sysexits.h: start it again.</summary>
    internal const int ExitCode = 75;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Returns at once. Threads of its own do it: the pool may be what is stuck.</summary>
    internal static void Begin(string reason, IHostApplicationLifetime? lifetime)
    {
        Environment.ExitCode = ExitCode;
        Start(() => lifetime?.StopApplication());
        Start(() =>
        {
            Thread.Sleep(s_patience);
            // Exit runs handlers of the application's, which may hang as well.
            Start(() =>
            {
                Thread.Sleep(s_patience);
                Environment.FailFast(reason);
            });
            Environment.Exit(ExitCode);
        });
    }

    private static void Start(ThreadStart work) => new Thread(work) { IsBackground = true, Name = "Granary end" }.Start();
}

/// <summary>While a silo stops, a further signal to stop cuts it short.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    internal StopSignals(CancellationTokenSource stop)
    {
        void Cut(PosixSignalContext context)
        {
            context.Cancel = true;
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has stopped.
            }
        }

        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cut), PosixSignalRegistration.Create(PosixSignal.SIGINT, Cut)];
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}
