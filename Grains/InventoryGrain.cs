using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>
/// The stock of one item. A step of a saga may come twice, late, or after the step that undoes it; so each order leaves a mark here:
/// <code>
/// (none) --Reserve--> Held --Confirm--> Confirmed
///    |                  |
///    +-----Release------+--> Released
/// </code>
/// Marks that lead nowhere any more are forgotten after <see cref="MarksKept"/>.
/// </summary>
public sealed class InventoryGrain(
    [PersistentState("stock")] IPersistentState<StockState> stock,
    TimeProvider time) : Grain, IInventoryGrain, IStockReservations
{
    private static readonly TimeSpan MarksKept = TimeSpan.FromDays(30);

    private string Sku => this.GetPrimaryKeyString();

    public Task<StockLevel> Get(CancellationToken ct) => stock.State.UnitPrice is null
        ? throw new RpcException(StatusCode.NotFound, $"'{Sku}' was never stocked")
        : Task.FromResult(View());

    public async Task<StockLevel> Restock(string deliveryId, int quantity, decimal unitPrice, CancellationToken ct)
    {
        if (deliveryId.Length == 0) throw RpcException.Invalid("deliveryId", "must not be empty");
        if (quantity < 1) throw RpcException.Invalid("quantity", $"is {quantity}; must be 1 or more");
        if (unitPrice < 0) throw RpcException.Invalid("unitPrice", $"is {unitPrice}; must be 0 or more");

        var now = stock.State;
        if (now.Deliveries.ContainsKey(deliveryId)) return View();
        if (quantity > int.MaxValue - now.Available - Reserved) throw RpcException.Invalid("quantity", "is more than this item can hold");

        await Write(now with
        {
            Available = now.Available + quantity,
            UnitPrice = unitPrice,
            Deliveries = new Dictionary<string, DateTimeOffset>(now.Deliveries) { [deliveryId] = time.GetUtcNow() },
        });
        return View();
    }

    public async Task<Reservation> Reserve(string orderId, int quantity)
    {
        var now = stock.State;
        if (now.Marks.TryGetValue(orderId, out var mark))
        {
            return mark.Kind == StockMarkKind.Held && mark.Quantity == quantity
                ? new Reservation { Quantity = mark.Quantity, UnitPrice = mark.UnitPrice }
                : throw new RpcException(StatusCode.FailedPrecondition, $"order '{orderId}' has already {Told(mark)} '{Sku}'");
        }

        if (quantity < 1 || quantity > now.Available)
        {
            throw new RpcException(StatusCode.FailedPrecondition, $"'{Sku}': {quantity} wanted, {now.Available} in stock") { Reason = "OUT_OF_STOCK" };
        }

        var held = new StockMark { Kind = StockMarkKind.Held, Quantity = quantity, UnitPrice = now.UnitPrice ?? 0, At = time.GetUtcNow() };
        await Write(Marked(now with { Available = now.Available - quantity }, orderId, held));
        return new Reservation { Quantity = quantity, UnitPrice = held.UnitPrice };
    }

    public async Task Confirm(string orderId)
    {
        var now = stock.State;
        var mark = now.Marks.GetValueOrDefault(orderId);
        if (mark?.Kind == StockMarkKind.Confirmed) return;
        if (mark?.Kind != StockMarkKind.Held)
        {
            throw new RpcException(StatusCode.FailedPrecondition, $"order '{orderId}' has no reservation of '{Sku}'");
        }

        await Write(Marked(now, orderId, mark with { Kind = StockMarkKind.Confirmed, At = time.GetUtcNow() }));
    }

    public async Task Release(string orderId)
    {
        var now = stock.State;
        var mark = now.Marks.GetValueOrDefault(orderId);
        switch (mark?.Kind)
        {
            case StockMarkKind.Released:
                return;
            case StockMarkKind.Confirmed:
                throw new RpcException(StatusCode.FailedPrecondition, $"order '{orderId}' has already {Told(mark)} '{Sku}'");
            default:
                var released = new StockMark { Kind = StockMarkKind.Released, At = time.GetUtcNow() };
                await Write(Marked(now with { Available = now.Available + (mark?.Quantity ?? 0) }, orderId, released));
                return;
        }
    }

    private int Reserved => stock.State.Marks.Values.Where(m => m.Kind == StockMarkKind.Held).Sum(m => m.Quantity);

    private StockLevel View() => new()
    {
        Sku = Sku,
        Available = stock.State.Available,
        Reserved = Reserved,
        UnitPrice = stock.State.UnitPrice ?? 0,
    };

    private static string Told(StockMark mark) => mark.Kind switch
    {
        StockMarkKind.Held => $"reserved {mark.Quantity} of",
        StockMarkKind.Confirmed => "bought",
        _ => "given up",
    };

    private static StockState Marked(StockState state, string orderId, StockMark mark) =>
        state with { Marks = new Dictionary<string, StockMark>(state.Marks) { [orderId] = mark } };

    private Task Write(StockState next)
    {
        var oldest = time.GetUtcNow() - MarksKept;
        return stock.Replace(next with
        {
            Marks = next.Marks.Where(m => m.Value.Kind == StockMarkKind.Held || m.Value.At > oldest).ToDictionary(),
            Deliveries = next.Deliveries.Where(d => d.Value > oldest).ToDictionary(),
        });
    }
}

/// <summary>What is stored of an item.</summary>
[GenerateSerializer, Immutable]
public sealed record StockState
{
    /// <summary>How many can be ordered.</summary>
    [Id(0)]
    public int Available { get; init; }

    /// <summary>The price of one; null when the item was never stocked.</summary>
    [Id(1)]
    public decimal? UnitPrice { get; init; }

    /// <summary>What each order did, by order id.</summary>
    [Id(2)]
    public IReadOnlyDictionary<string, StockMark> Marks { get; init; } = new Dictionary<string, StockMark>();

    /// <summary>When each delivery came, by delivery id.</summary>
    [Id(3)]
    public IReadOnlyDictionary<string, DateTimeOffset> Deliveries { get; init; } = new Dictionary<string, DateTimeOffset>();
}

/// <summary>What an order did to an item.</summary>
[GenerateSerializer, Immutable]
public sealed record StockMark
{
    [Id(0)]
    public StockMarkKind Kind { get; init; }

    [Id(1)]
    public int Quantity { get; init; }

    [Id(2)]
    public decimal UnitPrice { get; init; }

    [Id(3)]
    public DateTimeOffset At { get; init; }
}

/// <summary>Where an order stands with an item.</summary>
public enum StockMarkKind
{
    Held = 0,
    Confirmed = 1,
    Released = 2,
}
