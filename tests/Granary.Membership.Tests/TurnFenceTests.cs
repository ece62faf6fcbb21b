using Granary.Engine;
using Granary.Engine.Activations;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>What happens to turns when the time of the fence has come before anyone has noticed, as after a pause of the process.</summary>
public sealed class TurnFenceTests
{
    private static readonly TimeSpan s_aWhile = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_turn_that_waited_when_the_time_came_runs_once_the_lease_turns_out_to_hold()
    {
        await using var cluster = await LeasedCluster.StartAsync(1);
        var (activation, silo) = await ActiveAsync(cluster);
        silo.Fence.MoveTo(Environment.TickCount64);
        var ran = new TaskCompletionSource();
        activation.QueueAction(ran.SetResult);
        await SetAsideAsync(activation);
        Assert.False(ran.Task.IsCompleted);
        silo.Fence.MoveTo(Environment.TickCount64 + (long)s_aWhile.TotalMilliseconds);
        await ran.Task.Within();
        Assert.Equal(2, await cluster.Silos[0].Grain("held").Count());
    }

    [Fact]
    public async Task A_turn_that_waited_when_the_time_came_never_runs_when_the_lease_is_lost()
    {
        await using var cluster = await LeasedCluster.StartAsync(1);
        var (activation, silo) = await ActiveAsync(cluster);
        silo.Fence.MoveTo(Environment.TickCount64);
        var ran = false;
        activation.QueueAction(() => ran = true);
        await SetAsideAsync(activation);
        silo.Fence.Close();
        // The next owner of the turn drops what waits.
        await Eventually.HoldsAsync(() => !silo.Fence.Freeze(activation, null), "the fence is closed");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => cluster.Silos[0].Grain("held").Count());
        Assert.False(ran);
    }

    [Fact]
    public async Task Past_its_time_a_silo_starts_no_call_and_changes_nothing_outside()
    {
        await using var cluster = await LeasedCluster.StartAsync(1);
        var (activation, silo) = await ActiveAsync(cluster);
        silo.Fence.MoveTo(Environment.TickCount64);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => cluster.Silos[0].Grain("held").Count());
        await Assert.ThrowsAsync<SiloUnavailableException>(() => cluster.Silos[0].Grain("another").Count());
        Assert.Throws<SiloUnavailableException>(silo.Fence.Guard);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => silo.Locator.RegisterAsync(activation).AsTask());
    }

    [Fact]
    public async Task A_call_that_filters_held_until_the_time_had_come_does_not_run()
    {
        TaskCompletionSource? hold = null;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cluster = await LeasedCluster.StartAsync(1, silo => silo.AddOutgoingGrainCallFilter(async context =>
        {
            if (Volatile.Read(ref hold) is { } until && context.MethodName == nameof(IPlacedGrain.Count))
            {
                held.TrySetResult();
                await until.Task;
            }

            await context.Invoke();
        }));
        // A reference that has been used knows the activation, and takes calls straight to it.
        var grain = cluster.Silos[0].Grain("held");
        Assert.Equal(1, await grain.Count());
        Assert.Equal(2, await grain.Count());
        var release = new TaskCompletionSource();
        Volatile.Write(ref hold, release);
        var call = grain.Count();
        await held.Task.Within();
        await DoesNotRunAsync(cluster, ran: 2, call, release);
    }

    [Fact]
    public async Task A_call_that_the_directory_held_until_the_time_had_come_does_not_run()
    {
        await using var cluster = await LeasedCluster.StartAsync(1);
        var directory = cluster.Silos[0].Directory();
        var release = new TaskCompletionSource();
        directory.HoldNext(release);
        var call = cluster.Silos[0].Grain("held").Count();
        await Eventually.HoldsAsync(() => !directory.IsHolding, "the directory is asked");
        // Meanwhile another call makes the activation.
        await ActiveAsync(cluster);
        await DoesNotRunAsync(cluster, ran: 1, call, release);
    }

    /// <summary>The time comes, the call goes on; and when the lease turns out to hold, only those before it and the one after it have run.</summary>
    private static async Task DoesNotRunAsync(LeasedCluster cluster, int ran, Task<int> call, TaskCompletionSource release)
    {
        var silo = cluster.Silos[0].Core();
        silo.Fence.MoveTo(Environment.TickCount64);
        release.SetResult();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call.Within());
        silo.Fence.MoveTo(Environment.TickCount64 + (long)s_aWhile.TotalMilliseconds);
        Assert.Equal(ran + 1, await cluster.Silos[0].Grain("held").Count());
    }

    private static async Task<(Activation Activation, SiloCore Silo)> ActiveAsync(LeasedCluster cluster)
    {
        Assert.Equal(1, await cluster.Silos[0].Grain("held").Count());
        var silo = cluster.Silos[0].Core();
        return (silo.Table.All().Single(a => a.Instance is PlacedGrain), silo);
    }

    private static Task SetAsideAsync(Activation activation) => Eventually.HoldsAsync(() => activation.Silo.Fence.Holds(activation), "the activation is set aside");
}
