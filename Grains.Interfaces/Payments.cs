using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>An account with a balance; the key is its owner's name.</summary>
[RpcService("payments", Owner = "shop")]
[RpcAuthorize(Roles = "user,admin")]
public interface IPaymentsGrain : IGrainWithStringKey
{
    /// <summary>The balance. An account that never saw money has 0. Users see their own account, admins every account.</summary>
    [ReadOnly]
    [RpcMethod(Http = "GET /payments/{key}")]
    Task<AccountBalance> Get(CancellationToken ct = default);

    /// <summary>Adds money. A repeated deposit id adds nothing.</summary>
    /// <param name="depositId">Names the deposit, so that repeating the call is harmless.</param>
    /// <param name="amount">More than 0.</param>
    [Idempotent]
    [RpcAuthorize(Roles = "admin")]
    Task<AccountBalance> Deposit(string depositId, decimal amount, CancellationToken ct = default);
}

/// <summary>
/// What the saga asks of an account. No <c>[RpcService]</c>: only grains can call it.
/// Every step is keyed by the order, and may be repeated and overtaken: a refund that arrives before its charge prevents it.
/// </summary>
public interface IAccountCharges : IGrainWithStringKey
{
    /// <summary>Takes the amount for an order. FailedPrecondition when the balance does not cover it.</summary>
    Task Charge(string orderId, decimal amount);

    /// <summary>Gives back what the order was charged, if anything, and refuses a later charge for that order.</summary>
    Task Refund(string orderId);
}

/// <summary>An account.</summary>
[GenerateSerializer, Immutable]
public sealed record AccountBalance
{
    /// <summary>The owner.</summary>
    [Id(0)]
    public required string Account { get; init; }

    /// <summary>What it holds.</summary>
    [Id(1)]
    public decimal Balance { get; init; }
}
