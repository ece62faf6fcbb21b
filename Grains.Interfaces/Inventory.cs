using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>The stock of one item; the key is its SKU.</summary>
[RpcService("inventory", Owner = "shop")]
[RpcAuthorize(Roles = "admin")]
public interface IInventoryGrain : IGrainWithStringKey
{
    /// <summary>What is in stock. NotFound for an item that was never stocked.</summary>
    [ReadOnly]
    [RpcAuthorize(Roles = "guest,user,admin")]
    [RpcMethod(Http = "GET /inventory/{key}")]
    Task<StockLevel> Get(CancellationToken ct = default);

    /// <summary>Adds a delivery. A repeated delivery id adds nothing.</summary>
    /// <param name="deliveryId">Names the delivery, so that repeating the call is harmless.</param>
    /// <param name="quantity">How many arrived, 1 or more.</param>
    /// <param name="unitPrice">The price of one from now on, 0 or more.</param>
    [Idempotent]
    Task<StockLevel> Restock(string deliveryId, int quantity, decimal unitPrice, CancellationToken ct = default);
}

/// <summary>
/// What the saga asks of an item. No <c>[RpcService]</c>: only grains can call it, although the same grain serves <see cref="IInventoryGrain"/>.
/// Every step is keyed by the order, and may be repeated and overtaken: a release that arrives before its reservation prevents it.
/// </summary>
public interface IStockReservations : IGrainWithStringKey
{
    /// <summary>Sets items aside. FailedPrecondition when there are too few.</summary>
    Task<Reservation> Reserve(string orderId, int quantity);

    /// <summary>Turns the order's reservation into a sale.</summary>
    Task Confirm(string orderId);

    /// <summary>Gives back what the order had reserved, if anything, and refuses a later reservation of that order.</summary>
    Task Release(string orderId);
}

/// <summary>The stock of one item.</summary>
[GenerateSerializer, Immutable]
public sealed record StockLevel
{
    /// <summary>The item.</summary>
    [Id(0)]
    public required string Sku { get; init; }

    /// <summary>How many can be ordered.</summary>
    [Id(1)]
    public int Available { get; init; }

    /// <summary>How many are set aside for orders under way.</summary>
    [Id(2)]
    public int Reserved { get; init; }

    /// <summary>The price of one.</summary>
    [Id(3)]
    public decimal UnitPrice { get; init; }
}

/// <summary>Items set aside for an order.</summary>
[GenerateSerializer, Immutable]
public sealed record Reservation
{
    /// <summary>How many.</summary>
    [Id(0)]
    public int Quantity { get; init; }

    /// <summary>The price of one when they were reserved.</summary>
    [Id(1)]
    public decimal UnitPrice { get; init; }
}
