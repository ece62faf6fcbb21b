using Granary.Fuzzing;

namespace Granary.Transport.Tests;

/// <summary>A short run of <c>./bench fuzz</c>.</summary>
public sealed class FuzzTests
{
    private const int Seed = 20261121;
    private const int Count = 20_000;

    [Fact]
    public async Task Mutations_of_real_traffic_end_in_clean_errors_and_leave_nothing_behind()
    {
        var recording = await Recorder.RecordAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await using var run = new FuzzRun(recording);
        FuzzResult result;
        try
        {
            result = await run.RunAsync(Seed, 0, Count).WaitAsync(TimeSpan.FromMinutes(2));
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"This did not end: {run.Current}", error);
        }

        Assert.True(result.Failure is null, result.Failure);
        Assert.Equal(Count, result.Inputs);
    }

    [Fact]
    public async Task The_same_seed_makes_the_same_inputs_of_a_recording_that_was_kept()
    {
        var recording = await Recorder.RecordAsync().WaitAsync(TimeSpan.FromMinutes(1));
        var file = Path.GetTempFileName();
        try
        {
            recording.Save(file);
            var again = Recording.Load(file);
            for (var i = 0; i < 200; i++)
            {
                var first = new AcceptedTarget(recording, new FuzzLog()).Make(new Random(i));
                Assert.Equal(first, new AcceptedTarget(again, new FuzzLog()).Make(new Random(i)));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }
}
