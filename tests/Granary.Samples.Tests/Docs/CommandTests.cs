namespace Granary.Samples.Tests.Docs;

/// <summary>Runs the commands of the documents, as written, against a host started as written.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private RunningHost? _host;

    public async Task InitializeAsync() => _host = await RunningHost.Start(
        $"ASPNETCORE_ENVIRONMENT=Development exec dotnet ApiHost/bin/{Repository.Configuration}/net10.0/ApiHost.dll --urls http://127.0.0.1:0",
        Repository.Root,
        TimeSpan.FromMinutes(1));

    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
    }

    [Fact]
    public async Task The_curl_line_that_the_host_prints_answers_56()
    {
        var pasted = await Shell.Run(_host!.Curl, Repository.Root);
        Assert.EndsWith("56", pasted.Succeeded().TrimEnd());
    }

    [Fact]
    public async Task The_commands_of_the_readme_and_the_quick_start_do_what_the_text_says()
    {
        var readme = Document.Read("README.md").Blocks.Single(b => b.Code.StartsWith("curl", StringComparison.Ordinal));
        var lines = readme.Code.Split('\n');
        Assert.EndsWith(lines[1], (await _host!.Run(lines[0], Repository.Root)).Succeeded().TrimEnd());

        var blocks = Document.Read("docs/quick-start.md").Blocks.Where(b => b.Code.Contains("curl", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, blocks.Count);
        Assert.Equal("56", (await _host.Run(blocks[0].Code, Repository.Root)).Succeeded().TrimEnd());
        Assert.Equal("56", (await _host.Run(blocks[1].Code, Repository.Root)).Succeeded().TrimEnd());
        Assert.StartsWith("101\n103\n107\n", (await _host.Run(blocks[2].Code, Repository.Root)).Output);
        Assert.Equal("6", (await _host.Run(blocks[3].Code, Repository.Root)).Succeeded().TrimEnd());
    }

    [Fact]
    public async Task The_saga_of_the_samples_page_completes_and_compensates_as_told()
    {
        var orders = Document.Read("docs/samples.md").Blocks.Single(b => b.Code.Contains("/orders", StringComparison.Ordinal));
        var answers = new List<string>();
        foreach (var command in orders.Code.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            answers.Add((await _host!.Run(command, Repository.Root)).Succeeded());
        }

        Assert.Contains("\"Completed\"", answers[2]);
        Assert.Contains("\"Cancelled\"", answers[3]);
        Assert.Contains("\"available\":6", answers[4]);
    }

    [Fact]
    public async Task The_alert_of_the_samples_page_arrives()
    {
        var devices = Document.Read("docs/samples.md").Blocks.Single(b => b.Code.Contains("/Alerts", StringComparison.Ordinal));
        var commands = devices.Code.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        (await _host!.Run(commands[0], Repository.Root)).Succeeded();

        // The page leaves the reader running in the background; here it ends with the first alert, and readings are sent until it has one.
        var sequence = 1;
        var reader = _host.Run(commands[1].TrimEnd('&') + "| grep -m 1 '^data:'", Repository.Root);
        while (!reader.IsCompleted)
        {
            var ingest = commands[2].Replace("\"sequence\":1", $"\"sequence\":{sequence++}", StringComparison.Ordinal);
            Assert.Contains("\"accepted\":1", (await _host.Run(ingest, Repository.Root)).Succeeded());
        }

        Assert.Contains("95.5", (await reader).Output);
    }
}
