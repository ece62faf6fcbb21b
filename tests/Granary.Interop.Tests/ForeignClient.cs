using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Granary.Interop.Tests;

/// <summary>
/// A program with a client that others wrote. It gets cases as lines of JSON, <c>{"id": 1, "case": "empty_unary"}</c>, and answers each with <c>{"id": 1, "ok": true, "said": ".."}</c>. It dies with this object.
/// </summary>
internal sealed class ForeignClient : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<int, TaskCompletionSource<(bool Ok, string Said)>> _waiting = new();
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly Task _reading;
    private int _last;

    private ForeignClient(Process process)
    {
        _process = process;
        AppDomain.CurrentDomain.ProcessExit += Kill;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>The folder with the programs.</summary>
    public static string Folder { get; } = typeof(ForeignClient).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Clients").Value!;

    public static ForeignClient Start(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        return new ForeignClient(Process.Start(info)!);
    }

    /// <summary>Runs a case; fails the test with what the client said.</summary>
    public async Task RunAsync(string name)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<(bool Ok, string Said)>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            lock (_process)
            {
                _process.StandardInput.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object> { ["id"] = id, ["case"] = name }));
                _process.StandardInput.Flush();
            }
        }
        catch (IOException)
        {
            Assert.Fail($"{_process.StartInfo.FileName} has ended: {await _errors}");
        }

        var first = await Task.WhenAny(answer.Task, _reading).WaitAsync(s_patience);
        if (first != answer.Task && !answer.Task.IsCompleted) Assert.Fail($"{_process.StartInfo.FileName} has ended: {await _errors}");
        var (ok, said) = await answer.Task;
        Assert.True(ok, $"{name}: {said}");
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith('{')) continue;
            using var json = JsonDocument.Parse(line);
            var answer = json.RootElement;
            if (_waiting.TryRemove(answer.GetProperty("id").GetInt32(), out var waiting)) waiting.TrySetResult((answer.GetProperty("ok").GetBoolean(), answer.GetProperty("said").GetString()!));
        }
    }
}
