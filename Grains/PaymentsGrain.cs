using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>
/// One account. As in <see cref="InventoryGrain"/> each order leaves a mark, so that a charge is taken once, a refund is given once,
/// and a refund that overtakes its charge prevents it. Marks are forgotten after <see cref="MarksKept"/>.
/// </summary>
public sealed class PaymentsGrain(
    [PersistentState("account")] IPersistentState<AccountState> account,
    TimeProvider time) : Grain, IPaymentsGrain, IAccountCharges
{
    private static readonly TimeSpan MarksKept = TimeSpan.FromDays(30);

    private string Owner => this.GetPrimaryKeyString();

    public Task<AccountBalance> Get(CancellationToken ct)
    {
        Caller.MustOwn(Owner);
        return Task.FromResult(View());
    }

    public async Task<AccountBalance> Deposit(string depositId, decimal amount, CancellationToken ct)
    {
        if (depositId.Length == 0) throw RpcException.Invalid("depositId", "must not be empty");
        if (amount is <= 0 or > 1_000_000_000) throw RpcException.Invalid("amount", $"is {amount}; must be more than 0 and at most 1000000000");

        var now = account.State;
        if (!now.Deposits.ContainsKey(depositId))
        {
            await Write(now with
            {
                Balance = now.Balance + amount,
                Deposits = new Dictionary<string, DateTimeOffset>(now.Deposits) { [depositId] = time.GetUtcNow() },
            });
        }

        return View();
    }

    public async Task Charge(string orderId, decimal amount)
    {
        var now = account.State;
        if (now.Charges.TryGetValue(orderId, out var mark))
        {
            if (!mark.Refunded && mark.Amount == amount) return;
            throw new RpcException(
                StatusCode.FailedPrecondition,
                mark.Refunded ? $"order '{orderId}' was refunded" : $"order '{orderId}' was charged {mark.Amount}, not {amount}");
        }

        if (amount < 0 || amount > now.Balance)
        {
            throw new RpcException(StatusCode.FailedPrecondition, $"the balance of '{Owner}' does not cover {amount}") { Reason = "INSUFFICIENT_FUNDS" };
        }

        await Write(Marked(now with { Balance = now.Balance - amount }, orderId, new ChargeMark { Amount = amount, At = time.GetUtcNow() }));
    }

    public async Task Refund(string orderId)
    {
        var now = account.State;
        var mark = now.Charges.GetValueOrDefault(orderId);
        if (mark is { Refunded: true }) return;

        var refunded = new ChargeMark { Amount = mark?.Amount ?? 0, Refunded = true, At = time.GetUtcNow() };
        await Write(Marked(now with { Balance = now.Balance + refunded.Amount }, orderId, refunded));
    }

    private AccountBalance View() => new() { Account = Owner, Balance = account.State.Balance };

    private static AccountState Marked(AccountState state, string orderId, ChargeMark mark) =>
        state with { Charges = new Dictionary<string, ChargeMark>(state.Charges) { [orderId] = mark } };

    private Task Write(AccountState next)
    {
        var oldest = time.GetUtcNow() - MarksKept;
        return account.Replace(next with
        {
            Charges = next.Charges.Where(c => c.Value.At > oldest).ToDictionary(),
            Deposits = next.Deposits.Where(d => d.Value > oldest).ToDictionary(),
        });
    }
}

/// <summary>What is stored of an account.</summary>
[GenerateSerializer, Immutable]
public sealed record AccountState
{
    [Id(0)]
    public decimal Balance { get; init; }

    /// <summary>What each order was charged, by order id.</summary>
    [Id(1)]
    public IReadOnlyDictionary<string, ChargeMark> Charges { get; init; } = new Dictionary<string, ChargeMark>();

    /// <summary>When each deposit came, by deposit id.</summary>
    [Id(2)]
    public IReadOnlyDictionary<string, DateTimeOffset> Deposits { get; init; } = new Dictionary<string, DateTimeOffset>();
}

/// <summary>What an order did to an account.</summary>
[GenerateSerializer, Immutable]
public sealed record ChargeMark
{
    [Id(0)]
    public decimal Amount { get; init; }

    [Id(1)]
    public bool Refunded { get; init; }

    [Id(2)]
    public DateTimeOffset At { get; init; }
}
