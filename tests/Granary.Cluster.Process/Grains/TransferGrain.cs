using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Grains;

/// <summary>The steps are idempotent, so a transfer that was interrupted anywhere is simply run again: 1 it is written down, 2 one account gives, 3 the other takes, 4 it is written down as done.</summary>
public sealed class TransferGrain([PersistentState("transfer")] IPersistentState<TransferState> transfer, Witness witness) : WitnessedGrain(witness), ITransferGrain
{
    private readonly StoredState<TransferState> _stored = new(transfer);

    public async Task Run(string from, string to, long amount)
    {
        await EnterAsync();
        var state = await _stored.ReadAsync();
        if (state.IsDone) return;
        if (state.Amount == 0)
        {
            state = new TransferState { From = from, To = to, Amount = amount };
            await _stored.WriteAsync(state);
        }

        var id = this.GetPrimaryKeyString();
        await GrainFactory.GetGrain<IAccountGrain>(state.From).Apply(id, -state.Amount);
        await GrainFactory.GetGrain<IAccountGrain>(state.To).Apply(id, state.Amount);
        await _stored.WriteAsync(state with { IsDone = true });
    }
}

/// <summary>What is stored of a transfer.</summary>
[GenerateSerializer]
public sealed record TransferState
{
    [Id(0)]
    public string From { get; set; } = "";

    [Id(1)]
    public string To { get; set; } = "";

    /// <summary>0 when the transfer has never been run.</summary>
    [Id(2)]
    public long Amount { get; set; }

    [Id(3)]
    public bool IsDone { get; set; }
}
