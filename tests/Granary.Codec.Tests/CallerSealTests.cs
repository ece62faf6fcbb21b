using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Codec.Tests;

/// <summary>Identities on their way to grains.</summary>
public sealed class CallerSealTests
{
    private static readonly RpcCaller s_ann = new("ann", ["user", "auditor"], ["orders.read"], "acme", "eu");

    [Theory]
    [InlineData("a secret of the cluster")]
    [InlineData(null)]
    public void What_was_sealed_opens_as_it_was(string? secret)
    {
        var text = new CallerSeal(secret).Seal(s_ann);
        var seal = new CallerSeal(secret);
        var caller = seal.Open(text)!;
        Assert.Equal(("ann", "acme", "eu", true), (caller.Subject, caller.Tenant, caller.Region, caller.IsAuthenticated));
        Assert.Equal(["user", "auditor"], caller.Roles);
        Assert.Equal(["orders.read"], caller.Scopes);
        Assert.Same(caller, seal.Open(text));
        Assert.False(seal.Open(new CallerSeal(secret).Seal(new RpcCaller("")))!.IsAuthenticated);
    }

    [Fact]
    public void A_seal_of_another_secret_a_missing_one_and_none_at_all_are_refused()
    {
        var seal = new CallerSeal("a secret of the cluster");
        var root = new RpcCaller("root", ["admin"]);
        Assert.Null(seal.Open(new CallerSeal("another secret").Seal(root)));
        var plain = new CallerSeal(null).Seal(root);
        Assert.Null(seal.Open(plain));
        Assert.Null(seal.Open("1" + plain[1..] + ".AAAAAAAAAAAAAAAAAAAAAA"));
        Assert.Null(seal.Open("1" + plain[1..] + "."));
        Assert.Null(new CallerSeal(null).Open(seal.Seal(root)));
        foreach (var text in new[] { "", "1.", "0.", "1..", "root", "1.e30.e30", new string('.', 100), "0.!!!", "0.e30", "0." + Convert.ToBase64String("[]"u8), new string('x', 100_000) })
        {
            Assert.Null(seal.Open(text));
            Assert.Null(new CallerSeal(null).Open(text));
        }
    }

    [Fact]
    public void Any_change_of_any_character_is_noticed()
    {
        var seal = new CallerSeal("a secret of the cluster");
        var text = seal.Seal(s_ann);
        for (var i = 0; i < text.Length - 1; i++)
        {
            var changed = text.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Assert.Null(seal.Open(new string(changed)));
        }
    }

    [Fact]
    public void More_callers_than_are_remembered_open_all_the_same()
    {
        var seal = new CallerSeal("a secret of the cluster");
        for (var i = 0; i < 10_100; i++) Assert.Equal($"{i}", seal.Open(seal.Seal(new RpcCaller($"{i}")))!.Subject);
        Assert.Equal("ann", seal.Open(seal.Seal(s_ann))!.Subject);
    }

    [Fact]
    public void A_grain_that_is_brought_a_forged_identity_learns_of_it_and_one_without_any_is_called_from_inside()
    {
        RequestContext.Clear();
        Assert.Null(RpcCaller.Current);
        foreach (object forged in new object[] { "root", "1.eyJzIjoicm9vdCJ9.AAAAAAAAAAAAAAAAAAAAAA", 7 })
        {
            RequestContext.Set(RpcCaller.ContextKey, forged);
            Assert.Equal(StatusCode.PermissionDenied, Assert.Throws<RpcException>(() => RpcCaller.Current).Code);
        }

        RequestContext.Set(RpcCaller.ContextKey, CallerSeal.OfProcess.Seal(s_ann));
        Assert.Equal("ann", RpcCaller.Current!.Subject);
        RequestContext.Clear();
    }
}
