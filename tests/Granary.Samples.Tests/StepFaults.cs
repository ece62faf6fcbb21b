using System.Collections.Concurrent;
using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Samples.Tests;

/// <summary>When a faulty step fails, seen from the saga.</summary>
public enum Fault
{
    /// <summary>The request is lost: the step did not happen.</summary>
    Before,

    /// <summary>The answer is lost: the step happened.</summary>
    After,
}

/// <summary>
/// Makes steps of the orders saga fail, told apart by order, step and the item or account they are for; and remembers each order's activation, so that a test can drop it.
/// </summary>
public sealed class StepFaults : IIncomingGrainCallFilter
{
    private static readonly ConcurrentDictionary<(string Order, string Step), (Fault Fault, int Times)> s_faults = new();
    private static readonly ConcurrentDictionary<string, IGrainContext> s_orders = new();

    /// <summary>Lets a step of an order fail that many times.</summary>
    public static void Inject(string order, string step, Fault fault, int times = 1) => s_faults[(order, step)] = (fault, times);

    /// <summary>Drops the order's activation, as a crash would: what it kept in memory is gone.</summary>
    public static async Task Crash(string order)
    {
        var context = s_orders[order];
        context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "crash of a test"));
        await context.Deactivated.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.Grain is OrdersGrain) s_orders[context.TargetId.Key.ToString()!] = context.TargetContext;
        if (context.Grain is not (InventoryGrain or PaymentsGrain) || context.Request.GetArgumentCount() == 0 || context.Request.GetArgument(0) is not string order)
        {
            await context.Invoke();
            return;
        }

        var step = (order, context.MethodName);
        var fault = Take(step);
        if (fault == Fault.Before) throw new RpcException(StatusCode.Unavailable, "lost request");
        await context.Invoke();
        if (fault == Fault.After) throw new RpcException(StatusCode.Unavailable, "lost answer");
    }

    private static Fault? Take((string Order, string Step) step)
    {
        while (s_faults.TryGetValue(step, out var planned) && planned.Times > 0)
        {
            if (s_faults.TryUpdate(step, planned with { Times = planned.Times - 1 }, planned)) return planned.Fault;
        }

        return null;
    }
}
