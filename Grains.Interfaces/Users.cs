using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Samples;

/// <summary>
/// Version 1 of the user directory: one grain for each user, the key is the user's name.
/// Version 2 is served beside it by the same grains, so callers of both see the same users.
/// </summary>
[RpcService("users", Owner = "accounts")]
[RpcAuthorize(Roles = "user,admin")]
public interface IUsersGrain : IGrainWithStringKey
{
    /// <summary>The user's profile. NotFound when nobody registered that name.</summary>
    [ReadOnly]
    [RpcAuthorize(Roles = "guest,user,admin")]
    [RpcMethod(Http = "GET /users/{key}")]
    Task<UserProfile> Get(CancellationToken ct = default);

    /// <summary>Registers the user. Repeating it with the same values is harmless; with others it is AlreadyExists.</summary>
    [Idempotent]
    [RpcMethod(RateLimit = "writes")]
    Task<UserProfile> Register(string displayName, string email, CancellationToken ct = default);

    /// <summary>Changes the name that is shown to others.</summary>
    [Idempotent]
    [Obsolete("Use Update of version 2.")]
    [Sunset("2027-06-01")]
    Task<UserProfile> Rename(string displayName, CancellationToken ct = default);

    /// <summary>Removes the user and everything stored about it. Removing nobody is harmless.</summary>
    [Idempotent]
    [RpcAuthorize(Roles = "admin")]
    Task Remove(CancellationToken ct = default);
}

/// <summary>Version 2: preferences, roles, and changes guarded by a revision number.</summary>
[RpcService("users", Version = 2, Owner = "accounts")]
[RpcAuthorize(Roles = "user,admin")]
public interface IUsersV2Grain : IGrainWithStringKey
{
    /// <summary>The user's profile. NotFound when nobody registered that name.</summary>
    [ReadOnly]
    [RpcAuthorize(Roles = "guest,user,admin")]
    [RpcMethod(Http = "GET /v2/users/{key}")]
    Task<UserProfileV2> Get(CancellationToken ct = default);

    /// <summary>Registers the user. Repeating it with the same values is harmless; with others it is AlreadyExists.</summary>
    [Idempotent]
    [RpcMethod(RateLimit = "writes")]
    Task<UserProfileV2> Register(NewUser user, CancellationToken ct = default);

    /// <summary>Changes what <paramref name="change"/> sets and leaves the rest. Aborted when somebody else changed the profile first.</summary>
    /// <param name="change">The new values.</param>
    /// <param name="revision">The revision the caller has seen, or 0 to change whatever is there.</param>
    Task<UserProfileV2> Update(UserChange change, long revision = 0, CancellationToken ct = default);

    /// <summary>Replaces the user's roles.</summary>
    [Idempotent]
    [RpcAuthorize(Roles = "admin")]
    Task<UserProfileV2> SetRoles(List<UserRole> roles, CancellationToken ct = default);
}

/// <summary>A user, as version 1 shows it.</summary>
[GenerateSerializer, Immutable]
public sealed record UserProfile
{
    /// <summary>The user's name: the grain's key.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>The name shown to others.</summary>
    [Id(1)]
    public required string DisplayName { get; init; }

    /// <summary>The e-mail address.</summary>
    [Id(2)]
    public required string Email { get; init; }
}

/// <summary>A user, as version 2 shows it: the fields of version 1 with the same numbers, and more.</summary>
[GenerateSerializer, Immutable]
public sealed record UserProfileV2
{
    /// <summary>The user's name: the grain's key.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>The name shown to others.</summary>
    [Id(1)]
    public required string DisplayName { get; init; }

    /// <summary>The e-mail address.</summary>
    [Id(2)]
    public required string Email { get; init; }

    /// <summary>The preferred language, for example <c>en-GB</c>.</summary>
    [Id(3)]
    public string? Language { get; init; }

    /// <summary>What the user may do.</summary>
    [Id(4)]
    public IReadOnlyList<UserRole> Roles { get; init; } = [];

    /// <summary>When the user was registered.</summary>
    [Id(5)]
    public DateTimeOffset RegisteredAt { get; init; }

    /// <summary>Rises by 1 with every change.</summary>
    [Id(6)]
    public long Revision { get; init; }
}

/// <summary>The values of a user to be registered.</summary>
[GenerateSerializer, Immutable]
public sealed record NewUser
{
    /// <summary>The name shown to others.</summary>
    [Id(0)]
    public required string DisplayName { get; init; }

    /// <summary>The e-mail address.</summary>
    [Id(1)]
    public required string Email { get; init; }

    /// <summary>The preferred language, for example <c>en-GB</c>.</summary>
    [Id(2)]
    public string? Language { get; init; }
}

/// <summary>What to change; absent values stay as they are.</summary>
[GenerateSerializer, Immutable]
public sealed record UserChange
{
    /// <summary>The name shown to others.</summary>
    [Id(0)]
    public string? DisplayName { get; init; }

    /// <summary>The e-mail address.</summary>
    [Id(1)]
    public string? Email { get; init; }

    /// <summary>The preferred language, for example <c>en-GB</c>.</summary>
    [Id(2)]
    public string? Language { get; init; }
}

/// <summary>What a user may do.</summary>
public enum UserRole
{
    Guest = 0,
    User = 1,
    Admin = 2,
}
