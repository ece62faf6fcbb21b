using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>
/// One user. Serves both versions of the contract from one state: version 1 callers see the part they know, and what they cannot see survives their changes.
/// </summary>
public sealed class UsersGrain(
    [PersistentState("user")] IPersistentState<UserState> user,
    TimeProvider time) : Grain, IUsersGrain, IUsersV2Grain
{
    private string Name => this.GetPrimaryKeyString();

    Task<UserProfile> IUsersGrain.Get(CancellationToken ct) => Task.FromResult(V1(Registered()));

    Task<UserProfileV2> IUsersV2Grain.Get(CancellationToken ct) => Task.FromResult(V2(Registered()));

    async Task<UserProfile> IUsersGrain.Register(string displayName, string email, CancellationToken ct) =>
        V1(await Register(new NewUser { DisplayName = displayName, Email = email }, field: ""));

    async Task<UserProfileV2> IUsersV2Grain.Register(NewUser user, CancellationToken ct) => V2(await Register(user, field: "user."));

    async Task<UserProfile> IUsersGrain.Rename(string displayName, CancellationToken ct) =>
        V1(await Change(Registered() with { DisplayName = displayName }, field: ""));

    async Task<UserProfileV2> IUsersV2Grain.Update(UserChange change, long revision, CancellationToken ct)
    {
        var now = Registered();
        if (revision != 0 && revision != now.Revision)
        {
            throw new RpcException(StatusCode.Aborted, $"the profile of '{Name}' is at revision {now.Revision}, not {revision}: read it again and repeat the change")
            {
                Reason = "REVISION_MISMATCH",
            };
        }

        return V2(await Change(
            now with
            {
                DisplayName = change.DisplayName ?? now.DisplayName,
                Email = change.Email ?? now.Email,
                Language = change.Language ?? now.Language,
            },
            field: "change."));
    }

    async Task<UserProfileV2> IUsersV2Grain.SetRoles(List<UserRole> roles, CancellationToken ct) =>
        V2(await Change(Registered() with { Roles = [.. roles.Distinct().Order()] }, field: ""));

    Task IUsersGrain.Remove(CancellationToken ct) => user.ClearStateAsync();

    private UserState Registered() => user.RecordExists
        ? user.State
        : throw new RpcException(StatusCode.NotFound, $"there is no user '{Name}': register it first");

    private async Task<UserState> Register(NewUser values, string field)
    {
        var wanted = new UserState
        {
            DisplayName = values.DisplayName,
            Email = values.Email,
            Language = values.Language,
            Roles = [UserRole.User],
            RegisteredAt = time.GetUtcNow(),
            Revision = 1,
        };
        Check(wanted, field);
        if (!user.RecordExists) return await Write(wanted);

        var now = user.State;
        var same = now.DisplayName == wanted.DisplayName && now.Email == wanted.Email && (wanted.Language is null || now.Language == wanted.Language);
        return same ? now : throw new RpcException(StatusCode.AlreadyExists, $"the name '{Name}' is taken");
    }

    private async Task<UserState> Change(UserState wanted, string field)
    {
        Check(wanted, field);
        return await Write(wanted with { Revision = wanted.Revision + 1 });
    }

    private async Task<UserState> Write(UserState wanted)
    {
        await user.Replace(wanted);
        return wanted;
    }

    // All wrong fields at once, so that a form can mark them all.
    private static void Check(UserState wanted, string field)
    {
        var wrong = new List<FieldViolation>();
        if (string.IsNullOrWhiteSpace(wanted.DisplayName) || wanted.DisplayName.Length > 100)
        {
            wrong.Add(new FieldViolation($"{field}displayName", "must have 1 to 100 characters"));
        }

        var at = wanted.Email.IndexOf('@', StringComparison.Ordinal);
        if (at < 1 || at == wanted.Email.Length - 1 || wanted.Email.Length > 254)
        {
            wrong.Add(new FieldViolation($"{field}email", "must be an e-mail address, for example ada@example.com"));
        }

        if (wrong.Count > 0)
        {
            throw new RpcException(StatusCode.InvalidArgument, string.Join("; ", wrong.Select(w => $"{w.Field}: {w.Description}"))) { Violations = wrong };
        }
    }

    private UserProfile V1(UserState state) => new() { Name = Name, DisplayName = state.DisplayName, Email = state.Email };

    private UserProfileV2 V2(UserState state) => new()
    {
        Name = Name,
        DisplayName = state.DisplayName,
        Email = state.Email,
        Language = state.Language,
        Roles = state.Roles,
        RegisteredAt = state.RegisteredAt,
        Revision = state.Revision,
    };
}

/// <summary>What is stored of a user.</summary>
[GenerateSerializer, Immutable]
public sealed record UserState
{
    [Id(0)]
    public string DisplayName { get; init; } = "";

    [Id(1)]
    public string Email { get; init; } = "";

    [Id(2)]
    public string? Language { get; init; }

    [Id(3)]
    public IReadOnlyList<UserRole> Roles { get; init; } = [];

    [Id(4)]
    public DateTimeOffset RegisteredAt { get; init; }

    [Id(5)]
    public long Revision { get; init; }
}
