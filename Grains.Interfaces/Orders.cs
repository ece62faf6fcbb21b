using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>
/// Orders, one grain each; the key is the order's id, chosen by the caller. Placing an order is a saga over <c>inventory</c> and <c>payments</c>:
/// reserve every line, charge the account, confirm the reservations. A refused step undoes the earlier ones.
/// </summary>
[RpcService("orders", Owner = "shop")]
[RpcObjective(Latency = "250ms", Availability = 0.999)]
[RpcAuthorize(Roles = "user,admin")]
public interface IOrdersGrain : IGrainWithStringKey
{
    /// <summary>
    /// Places the order and answers with where it got to. Placing the same order again is harmless and pushes an unfinished one on;
    /// other contents under the same id are AlreadyExists. A step that is refused leaves the order <c>Cancelled</c> with a reason.
    /// A step whose outcome is unknown leaves it unfinished: a reminder carries it on, whatever happens to this process.
    /// </summary>
    [Idempotent]
    [RpcMethod(Http = "POST /orders", Deadline = "10s", RateLimit = "writes")]
    Task<Order> Place(NewOrder order, CancellationToken ct = default);

    /// <summary>The order. NotFound when it was never placed.</summary>
    [ReadOnly]
    [RpcMethod(Http = "GET /orders/{key}")]
    Task<Order> Get(CancellationToken ct = default);
}

/// <summary>An order to be placed.</summary>
[GenerateSerializer, Immutable]
public sealed record NewOrder
{
    /// <summary>The order's id: the grain's key.</summary>
    [RpcKey]
    [Id(0)]
    public required string OrderId { get; init; }

    /// <summary>The account that pays: the key of a grain of <c>payments</c>. Only admins may name another account than their own subject.</summary>
    [Id(1)]
    public required string Account { get; init; }

    /// <summary>What is ordered: 1 to 100 lines, each stock item once.</summary>
    [Id(2)]
    public required IReadOnlyList<OrderLine> Lines { get; init; }
}

/// <summary>One line of an order.</summary>
[GenerateSerializer, Immutable]
public sealed record OrderLine
{
    /// <summary>The stock item: the key of a grain of <c>inventory</c>.</summary>
    [Id(0)]
    public required string Sku { get; init; }

    /// <summary>How many, 1 or more.</summary>
    [Id(1)]
    public required int Quantity { get; init; }
}

/// <summary>An order that was placed.</summary>
[GenerateSerializer, Immutable]
public sealed record Order
{
    /// <summary>The order's id.</summary>
    [Id(0)]
    public required string OrderId { get; init; }

    /// <summary>The account that pays.</summary>
    [Id(1)]
    public required string Account { get; init; }

    /// <summary>What was ordered.</summary>
    [Id(2)]
    public required IReadOnlyList<OrderLine> Lines { get; init; }

    /// <summary>How far it got.</summary>
    [Id(3)]
    public OrderStatus Status { get; init; }

    /// <summary>What the account is charged; 0 until every line is reserved.</summary>
    [Id(4)]
    public decimal Total { get; init; }

    /// <summary>Why it was cancelled; absent otherwise.</summary>
    [Id(5)]
    public string? Reason { get; init; }

    /// <summary>When it was placed.</summary>
    [Id(6)]
    public DateTimeOffset PlacedAt { get; init; }
}

/// <summary>How far an order got. Moves down this list; from <c>Reserving</c> and <c>Charging</c> it may also turn to <c>Compensating</c>.</summary>
public enum OrderStatus
{
    /// <summary>Never placed.</summary>
    None = 0,

    /// <summary>The lines are being reserved.</summary>
    Reserving = 1,

    /// <summary>Everything is reserved; the account is being charged.</summary>
    Charging = 2,

    /// <summary>Paid; the reservations are being confirmed. There is no way back from here.</summary>
    Confirming = 3,

    /// <summary>Done.</summary>
    Completed = 4,

    /// <summary>A step was refused; what was done is being undone.</summary>
    Compensating = 5,

    /// <summary>Undone.</summary>
    Cancelled = 6,
}
