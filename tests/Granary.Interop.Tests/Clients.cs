using System.Diagnostics;
using Granary.Interop.Tests.Host;

namespace Granary.Interop.Tests;

/// <summary>The host and the foreign clients, each started with its first case.</summary>
public sealed class Clients : IAsyncLifetime
{
    private readonly SemaphoreSlim _starting = new(1);
    private readonly Dictionary<string, ForeignClient> _started = [];

    public TestingHost Host { get; } = new();

    public Task InitializeAsync() => Host.InitializeAsync();

    public async Task DisposeAsync()
    {
        foreach (var client in _started.Values) await client.DisposeAsync();
        await Host.DisposeAsync();
        _starting.Dispose();
    }

    /// <summary>Runs a case with the client of that program.</summary>
    public async Task RunAsync(string program, string name)
    {
        ForeignClient? client;
        await _starting.WaitAsync();
        try
        {
            if (!_started.TryGetValue(program, out client))
            {
                if (program.EndsWith(".mjs", StringComparison.Ordinal)) await InstallAsync();

                // The system's Python is the one that Debian's packages are for.
                client = ForeignClient.Start(program.EndsWith(".py", StringComparison.Ordinal) ? "/usr/bin/python3" : "node", program, Host.Address, Host.Token);
                _started.Add(program, client);
            }
        }
        finally
        {
            _starting.Release();
        }

        await client.RunAsync(name);
    }

    private static async Task InstallAsync()
    {
        // What npm writes when it has finished; older when other clients are wanted since then.
        var installed = new FileInfo(Path.Combine(ForeignClient.Folder, "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(ForeignClient.Folder, "package-lock.json"))) return;
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]) { UseShellExecute = false, WorkingDirectory = ForeignClient.Folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = npm.StandardOutput.ReadToEndAsync();
        var errors = npm.StandardError.ReadToEndAsync();
        await npm.WaitForExitAsync();
        Assert.True(npm.ExitCode == 0, $"npm ci failed: {await output} {await errors}");
    }
}

[CollectionDefinition(Name)]
public sealed class InteropCollection : ICollectionFixture<Clients>
{
    public const string Name = "interop";
}
