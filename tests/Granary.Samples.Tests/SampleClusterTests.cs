namespace Granary.Samples.Tests;

/// <summary>What a test cluster does for the run of tests it is part of; this project, as those of users, sets nothing itself.</summary>
[Collection(SampleClusterCollection.Name)]
public sealed class SampleClusterTests
{
    [Fact]
    public void The_pool_keeps_a_thread_for_each_processor_beside_the_two_that_the_test_run_holds()
    {
        ThreadPool.GetMinThreads(out var workers, out _);
        Assert.True(workers >= Environment.ProcessorCount + 2, $"The pool keeps {workers} threads.");
    }
}
