using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace Granary.Samples.Tests.Docs;

/// <summary>ApiHost as a process of its own, on a free port, as the documents start it.</summary>
internal sealed partial class RunningHost : IAsyncDisposable
{
    private readonly Process _process;

    private RunningHost(Process process, string url, string token, string curl)
    {
        _process = process;
        Url = url;
        Token = token;
        Curl = curl;
    }

    /// <summary>The address it printed.</summary>
    public string Url { get; }

    /// <summary>The line that is only a token.</summary>
    public string Token { get; }

    /// <summary>The line that starts with curl.</summary>
    public string Curl { get; }

    /// <summary>Starts it by a command and waits until it has printed all three.</summary>
    public static async Task<RunningHost> Start(string command, string folder, TimeSpan bound)
    {
        var process = Shell.Start(command, folder);
        var lines = Channel.CreateUnbounded<string>();
        var seen = new List<string>();
        process.OutputDataReceived += (_, e) => Pass(lines.Writer, e.Data);
        process.ErrorDataReceived += (_, e) => lines.Writer.TryWrite(e.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var timeout = new CancellationTokenSource(bound);
        string? url = null, token = null, curl = null;
        try
        {
            await foreach (var line in lines.Reader.ReadAllAsync(timeout.Token))
            {
                seen.Add(line);
                if (url is null && Address().Match(line) is { Success: true } address) url = address.Value;
                if (OnlyToken().IsMatch(line)) token = line;
                if (line.StartsWith("curl ", StringComparison.Ordinal)) curl = line;
                if (url is not null && token is not null && curl is not null) return new RunningHost(process, url, token, curl);
            }
        }
        catch (OperationCanceledException)
        {
            // Told below, with what was printed.
        }

        process.Kill(entireProcessTree: true);
        throw new InvalidOperationException($"The host printed no address, token and curl line:\n{string.Join('\n', seen)}");
    }

    /// <summary>Runs commands of a document against this host.</summary>
    public Task<Finished> Run(string commands, string folder)
    {
        var own = commands.Split('\n').Where(l => !l.StartsWith("TOKEN=", StringComparison.Ordinal) && !l.StartsWith("URL=", StringComparison.Ordinal));
        return Shell.Run(
            string.Join('\n', own).Replace("http://localhost:8080", Url, StringComparison.Ordinal),
            folder,
            new Dictionary<string, string> { ["TOKEN"] = Token, ["URL"] = Url });
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static void Pass(ChannelWriter<string> lines, string? line)
    {
        if (line is null) lines.TryComplete();
        else lines.TryWrite(line);
    }

    [GeneratedRegex(@"http://[\w.\[\]:]+:\d+", RegexOptions.None, 1000)]
    private static partial Regex Address();

    [GeneratedRegex(@"^eyJ[\w-]+\.[\w-]+\.[\w-]+$", RegexOptions.None, 1000)]
    private static partial Regex OnlyToken();
}
