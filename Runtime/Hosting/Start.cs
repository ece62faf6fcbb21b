using System.Net.Sockets;
using Granary.Hosting.Settings;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Granary.Hosting;

/// <summary>Runs a host; what a person can put right is said in a line, not in a stack trace.</summary>
internal static class Start
{
    private const int Failed = 1;

    /// <summary>Instead of a run: everything there is to say of the settings.</summary>
    private const string Check = "--check";

    /// <summary>Instead of a run: whether the host that runs here already is ready.</summary>
    private const string Health = "--health";

    /// <summary>Builds the host and runs it until it is told to stop. With <c>--check</c> among the arguments it is only built, and what there is to say of its settings printed; with <c>--health</c> the one that runs is asked.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="build">Makes the host, from the command line without <c>--check</c>.</param>
    /// <returns>The exit code: 0 after a graceful stop, 1 when the host could not start, another one when it had to end itself.</returns>
    internal static async Task<int> RunAsync(string[] arguments, Func<string[], WebApplication> build)
    {
        if (arguments.Contains(Health, StringComparer.Ordinal)) return await HealthProbe.RunAsync([.. arguments.Where(a => a != Health)]);
        var isCheck = arguments.Contains(Check, StringComparer.Ordinal);
        var hasStarted = false;
        try
        {
            await using var app = build([.. arguments.Where(a => a != Check)]);
            if (isCheck)
            {
                Console.Out.WriteLine("The settings are accepted.");
                Advise(app.Services.GetRequiredService<StartSettings>().Advice);
                return 0;
            }

            app.Lifetime.ApplicationStarted.Register(() => hasStarted = true);
            await app.RunAsync();

            // Not 0 where the silo had to end itself.
            return Environment.ExitCode;
        }
        catch (OptionsValidationException e)
        {
            var code = Refuse(e.Failures);
            if (isCheck && e is StartRefusedException refused) Advise(refused.Advice);
            return code;
        }
        catch (InvalidOperationException e) when (e.Message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal))
        {
            return Refuse([e.Message + "."]);
        }
        catch (InvalidOperationException e) when (e.TargetSite?.Module.Assembly.GetName().Name?.StartsWith("Granary.", StringComparison.Ordinal) == true)
        {
            // Ours say what to change.
            return Refuse([e.Message]);
        }
        catch (OrleansException e) when (!hasStarted)
        {
            // No silo, no Redis, a setting of the engine's: their messages say what to do, and the log has the rest.
            return Refuse([e.Message]);
        }
        catch (Exception e) when (AddressProblem(e) is { } problem)
        {
            return Refuse([problem]);
        }
    }

    /// <summary>Takes the stack traces of a failed start out of the log: <see cref="RunAsync"/> says what is wrong.</summary>
    internal static void LeaveStartErrorsToUs(this ILoggingBuilder logging) => logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);

    private static int Refuse(IEnumerable<string> reasons)
    {
        Console.Error.WriteLine("The host cannot start:");
        foreach (var reason in reasons) Console.Error.WriteLine("- " + reason);
        return Failed;
    }

    private static void Advise(IEnumerable<string> advice)
    {
        foreach (var line in advice) Console.Out.WriteLine("- " + line);
    }

    private static string? AddressProblem(Exception error)
    {
        if (error is not IOException and not SocketException) return null;
        for (var e = error; e is not null; e = e.InnerException)
        {
            if (e is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
                return $"{error.Message.TrimEnd('.')}. Stop the program that listens there, or choose another address: --urls http://localhost:9000";
            if (e is SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable })
                return $"{error.Message.TrimEnd('.')}. Choose an address of this machine and a port above 1023: --urls http://localhost:8080";
        }

        return null;
    }
}
