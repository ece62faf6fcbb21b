namespace Granary.Tests;

/// <summary>One ApiHost as <c>./run</c> starts it, for all tests that only look at it.</summary>
public sealed class DevelopmentHost : IAsyncLifetime
{
    private HostProcess? _process;

    internal HostProcess Process => _process!;

    internal Uri Address { get; private set; } = null!;

    internal string Token { get; private set; } = "";

    internal string Curl { get; private set; } = "";

    public async Task InitializeAsync()
    {
        _process = HostProcess.Start("ApiHost", "Development");
        Address = await _process.AddressAsync();
        Curl = await _process.LineAsync(l => l.StartsWith("curl ", StringComparison.Ordinal));
        Token = _process.Lines.Single(l => l.Length > 0 && l.Split('.').Length == 3 && !l.Contains(' ', StringComparison.Ordinal));
    }

    public async Task DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class DevelopmentHostCollection : ICollectionFixture<DevelopmentHost>
{
    public const string Name = "development host";
}
