using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Grains;

public sealed class AccountGrain([PersistentState("account")] IPersistentState<AccountState> account, Witness witness) : WitnessedGrain(witness), IAccountGrain
{
    private readonly StoredState<AccountState> _stored = new(account);

    public async Task Apply(string transfer, long amount)
    {
        await EnterAsync();
        var state = await _stored.ReadAsync();
        if (state.Applied.Contains(transfer)) return;
        await _stored.WriteAsync(new AccountState { Balance = state.Balance + amount, Applied = [.. state.Applied, transfer] });
    }

    public async Task<long> Balance()
    {
        await EnterAsync();
        return (await _stored.ReadAsync()).Balance;
    }
}

/// <summary>What is stored of an account.</summary>
[GenerateSerializer]
public sealed record AccountState
{
    [Id(0)]
    public long Balance { get; set; }

    /// <summary>The transfers that the balance holds.</summary>
    [Id(1)]
    public List<string> Applied { get; set; } = [];
}
