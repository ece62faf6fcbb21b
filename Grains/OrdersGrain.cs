using Granary.Rpc;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>
/// One order, and the saga that places it:
/// <code>
/// Reserving --> Charging --> Confirming --> Completed
///     |            |
///     +------------+--> Compensating --> Cancelled
/// </code>
/// 1. The status is stored before the steps of that status run, and a reminder exists from before the first until after the last:
///    after a crash anywhere, the reminder finds the status and runs its steps again.
/// 2. Every step can therefore run twice, and is keyed by the order so that the second time does nothing.
/// 3. A refusal (no stock, no money) turns the saga round. An error that leaves the outcome unknown (timeout, silo gone) does not:
///    the reminder tries again, up to <see cref="Tries"/> times, and only then gives the order up.
/// 4. Once paid there is no way back: confirming is tried until it works. So is compensating.
/// The steps take no cancellation token: an impatient caller does not stop a saga half way.
/// </summary>
public sealed partial class OrdersGrain(
    [PersistentState("order")] IPersistentState<OrderState> order,
    TimeProvider time,
    ILogger<OrdersGrain> logger) : Grain, IOrdersGrain, IRemindable
{
    private const string ReminderName = "saga";
    private const int Tries = 10;
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private string OrderId => this.GetPrimaryKeyString();

    public async Task<Order> Place(NewOrder wanted, CancellationToken ct)
    {
        Check(wanted);
        Caller.MustOwn(wanted.Account);
        if (!order.RecordExists)
        {
            // The reminder first: a crash between the two leaves a reminder that finds no order and removes itself, not an order that nobody carries on.
            await this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
            await order.Replace(new OrderState
            {
                Account = wanted.Account,
                Lines = [.. wanted.Lines],
                Status = OrderStatus.Reserving,
                PlacedAt = time.GetUtcNow(),
            });
        }
        else if (order.State.Account != wanted.Account || !order.State.Lines.SequenceEqual(wanted.Lines))
        {
            throw new RpcException(StatusCode.AlreadyExists, $"order '{OrderId}' exists with other contents: choose another id");
        }

        if (order.State.Status is not (OrderStatus.Completed or OrderStatus.Cancelled)) await Advance();
        return View();
    }

    public Task<Order> Get(CancellationToken ct)
    {
        if (!order.RecordExists) throw new RpcException(StatusCode.NotFound, $"there is no order '{OrderId}'");
        Caller.MustOwn(order.State.Account);
        return Task.FromResult(View());
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Advance();

    private async Task Advance()
    {
        try
        {
            if (order.State.Status == OrderStatus.Reserving) await OrCompensate(Reserve);
            if (order.State.Status == OrderStatus.Charging) await OrCompensate(Charge);
            if (order.State.Status == OrderStatus.Confirming) await Confirm();
            if (order.State.Status == OrderStatus.Compensating) await Compensate();
        }
        catch (StepFailedException e)
        {
            LogUnfinished(OrderId, order.State.Status, e.InnerException!);
            return;
        }

        if (await this.GetReminder(ReminderName) is { } reminder) await this.UnregisterReminder(reminder);
    }

    private async Task Reserve()
    {
        var reserved = new Reservation[order.State.Lines.Count];
        await Steps(order.State.Lines.Select(async (line, i) => reserved[i] = await Stock(line).Reserve(OrderId, line.Quantity)));
        await order.Replace(order.State with { Status = OrderStatus.Charging, Total = reserved.Sum(r => r.Quantity * r.UnitPrice), Attempts = 0 });
    }

    private async Task Charge()
    {
        await Steps([Account.Charge(OrderId, order.State.Total)]);
        await order.Replace(order.State with { Status = OrderStatus.Confirming });
    }

    private async Task Confirm()
    {
        await Steps(order.State.Lines.Select(line => Stock(line).Confirm(OrderId)));
        await order.Replace(order.State with { Status = OrderStatus.Completed });
    }

    private async Task Compensate()
    {
        await Steps([Account.Refund(OrderId), .. order.State.Lines.Select(line => Stock(line).Release(OrderId))]);
        await order.Replace(order.State with { Status = OrderStatus.Cancelled });
    }

    private async Task OrCompensate(Func<Task> steps)
    {
        try
        {
            await steps();
        }
        catch (StepFailedException e) when (e.InnerException is RpcException { Code: StatusCode.FailedPrecondition } refusal)
        {
            await order.Replace(order.State with { Status = OrderStatus.Compensating, Reason = refusal.Message });
        }
        catch (StepFailedException) when (order.State.Attempts + 1 >= Tries)
        {
            await order.Replace(order.State with { Status = OrderStatus.Compensating, Reason = $"gave up after {Tries} tries" });
        }
        catch (StepFailedException)
        {
            await order.Replace(order.State with { Attempts = order.State.Attempts + 1 });
            throw;
        }
    }

    // All steps run to their end, also when one fails: a step still under way while the saga turns round would be one to chase.
    // Of several failures a refusal counts most, for it settles the outcome.
    private static async Task Steps(IEnumerable<Task> steps)
    {
        var all = Task.WhenAll(steps);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (all.IsCompletedSuccessfully) return;

        var failures = all.Exception?.InnerExceptions ?? [new TaskCanceledException(all)];
        throw new StepFailedException(failures.FirstOrDefault(f => f is RpcException { Code: StatusCode.FailedPrecondition }) ?? failures[0]);
    }

    private IStockReservations Stock(OrderLine line) => GrainFactory.GetGrain<IStockReservations>(line.Sku);

    private IAccountCharges Account => GrainFactory.GetGrain<IAccountCharges>(order.State.Account);

    private void Check(NewOrder wanted)
    {
        if (wanted.OrderId != OrderId) throw RpcException.Invalid("orderId", $"is '{wanted.OrderId}', but the address says '{OrderId}'");
        if (string.IsNullOrEmpty(wanted.Account)) throw RpcException.Invalid("account", "must not be empty");
        if (wanted.Lines.Count is < 1 or > 100) throw RpcException.Invalid("lines", $"has {wanted.Lines.Count} lines; must have 1 to 100");

        var seen = new HashSet<string>();
        for (var i = 0; i < wanted.Lines.Count; i++)
        {
            var line = wanted.Lines[i];
            if (string.IsNullOrEmpty(line.Sku)) throw RpcException.Invalid($"lines[{i}].sku", "must not be empty");
            if (!seen.Add(line.Sku)) throw RpcException.Invalid($"lines[{i}].sku", $"'{line.Sku}' is in another line already: add the quantities");
            if (line.Quantity < 1) throw RpcException.Invalid($"lines[{i}].quantity", $"is {line.Quantity}; must be 1 or more");
        }
    }

    private Order View() => new()
    {
        OrderId = OrderId,
        Account = order.State.Account,
        Lines = order.State.Lines,
        Status = order.State.Status,
        Total = order.State.Total,
        Reason = order.State.Reason,
        PlacedAt = order.State.PlacedAt,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Order {OrderId} stays {Status}; its reminder tries again.")]
    private partial void LogUnfinished(string orderId, OrderStatus status, Exception error);

    /// <summary>A step of the saga failed; why is the inner exception. Failures of this grain's own storage are never wrapped: they are the caller's.</summary>
    private sealed class StepFailedException(Exception inner) : Exception("A step failed.", inner);
}

/// <summary>What is stored of an order.</summary>
[GenerateSerializer, Immutable]
public sealed record OrderState
{
    [Id(0)]
    public string Account { get; init; } = "";

    [Id(1)]
    public IReadOnlyList<OrderLine> Lines { get; init; } = [];

    [Id(2)]
    public OrderStatus Status { get; init; }

    [Id(3)]
    public decimal Total { get; init; }

    [Id(4)]
    public string? Reason { get; init; }

    [Id(5)]
    public DateTimeOffset PlacedAt { get; init; }

    /// <summary>How often the steps of the present status ended with an unknown outcome.</summary>
    [Id(6)]
    public int Attempts { get; init; }
}
