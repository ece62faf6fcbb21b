namespace Granary.Transport.Tests;

/// <summary>Nobody waits for a one-way call, so the log is told what became of one that failed: once.</summary>
public sealed class OneWayTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task One_that_arrives_runs_and_is_not_logged()
    {
        var silo = _cluster.AddSilo();
        var name = Gate.NewName();
        var grain = _cluster.AddClient().ProbeOn(silo);
        await grain.Note(name);
        await Gate.Of(name).Entered;
        await grain.Add(1, 2);
        Assert.Empty(Logged());
    }

    [Fact]
    public async Task One_that_fails_in_its_grain_is_logged_there()
    {
        var silo = _cluster.AddSilo();
        await FailsAsync(_cluster.AddClient().ProbeOn(silo), "broken");
        await FailsAsync(silo.ProbeOn(silo), "broken", before: 1);
    }

    [Fact]
    public async Task One_that_no_silo_can_take_is_logged_by_its_caller() => await FailsAsync(_cluster.AddClient().Grain<IProbeGrain>("a"), "no active silo is known");

    [Fact]
    public async Task One_to_a_silo_that_does_not_answer_is_logged_by_its_caller()
    {
        var silo = _cluster.AddSilo();
        var grain = _cluster.AddClient().ProbeOn(silo);
        silo.Network.Abort();
        await FailsAsync(grain, "cannot be reached");
    }

    private async Task FailsAsync(IProbeGrain grain, string reason, int before = 0)
    {
        await grain.Note("broken");
        await Until.True(() => Logged().Length > before, "the failure is logged");
        var logged = Logged();
        Assert.Equal(before + 1, logged.Length);
        Assert.Contains(reason, logged[^1], StringComparison.Ordinal);
    }

    private string[] Logged() => [.. _cluster.Log.Entries.Select(e => e.Text).Where(t => t.Contains("The one-way call", StringComparison.Ordinal))];
}
