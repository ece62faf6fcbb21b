using Granary.Rpc;

namespace Granary.Samples.Tests;

[Collection(SampleClusterCollection.Name)]
public sealed class UsersTests
{
    private readonly string _name = SampleCluster.Key("ada");
    private readonly IUsersGrain _v1;
    private readonly IUsersV2Grain _v2;

    public UsersTests(SampleCluster cluster)
    {
        _v1 = cluster.Grains.GetGrain<IUsersGrain>(_name);
        _v2 = cluster.Grains.GetGrain<IUsersV2Grain>(_name);
    }

    [Fact]
    public async Task A_user_registered_by_version_1_is_seen_by_version_2()
    {
        await _v1.Register("Ada", "ada@example.com");
        var user = await _v2.Get();
        Assert.Equal((_name, "Ada", "ada@example.com", 1L), (user.Name, user.DisplayName, user.Email, user.Revision));
        Assert.Equal([UserRole.User], user.Roles);
    }

    [Fact]
    public async Task What_version_1_does_not_know_survives_its_changes()
    {
        await _v2.Register(new NewUser { DisplayName = "Ada", Email = "ada@example.com", Language = "en-GB" });
        await _v2.SetRoles([UserRole.Admin, UserRole.User, UserRole.Admin]);
#pragma warning disable CS0618 // the deprecated method is what is tested
        Assert.Equal("Countess", (await _v1.Rename("Countess")).DisplayName);
#pragma warning restore CS0618

        var user = await _v2.Get();
        Assert.Equal(("Countess", "en-GB", 3L), (user.DisplayName, user.Language, user.Revision));
        Assert.Equal([UserRole.User, UserRole.Admin], user.Roles);
    }

    [Fact]
    public async Task Registering_again_is_harmless_with_the_same_values_only()
    {
        await _v1.Register("Ada", "ada@example.com");
        await _v1.Register("Ada", "ada@example.com");
        Assert.Equal(1, (await _v2.Get()).Revision);

        await Fails(StatusCode.AlreadyExists, () => _v1.Register("Eve", "eve@example.com"));
        Assert.Equal("Ada", (await _v1.Get()).DisplayName);
    }

    [Fact]
    public async Task All_wrong_fields_are_named_at_once()
    {
        var error = await Fails(StatusCode.InvalidArgument, () => _v2.Register(new NewUser { DisplayName = "", Email = "nowhere" }));
        Assert.Equal(["user.displayName", "user.email"], error.Violations.Select(v => v.Field));
        await Fails(StatusCode.NotFound, () => _v1.Get());
    }

    [Fact]
    public async Task A_change_of_an_outdated_revision_is_refused()
    {
        await _v2.Register(new NewUser { DisplayName = "Ada", Email = "ada@example.com" });
        var changed = await _v2.Update(new UserChange { Email = "ada@example.org" }, revision: 1);
        Assert.Equal(("Ada", "ada@example.org", 2L), (changed.DisplayName, changed.Email, changed.Revision));

        var error = await Fails(StatusCode.Aborted, () => _v2.Update(new UserChange { Email = "eve@example.com" }, revision: 1));
        Assert.Equal("REVISION_MISMATCH", error.Reason);
        Assert.Equal("ada@example.org", (await _v2.Get()).Email);
    }

    [Fact]
    public async Task A_removed_user_is_gone_and_the_name_is_free()
    {
        await _v1.Register("Ada", "ada@example.com");
        await _v1.Remove();
        await _v1.Remove();
        await Fails(StatusCode.NotFound, () => _v2.Get());
        Assert.Equal("Eve", (await _v1.Register("Eve", "eve@example.com")).DisplayName);
    }

    private static async Task<RpcException> Fails(StatusCode code, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, error.Code);
        return error;
    }
}
