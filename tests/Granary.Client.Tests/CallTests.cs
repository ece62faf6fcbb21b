using Granary.Client.Tests.Support;
using Granary.Rpc;

namespace Granary.Client.Tests;

/// <summary>Calls with one answer, through a gateway on a real socket.</summary>
public sealed class CallTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private GranaryClient _client = null!;

    private IProbeGrain Probe => _client.GetGrain<IProbeGrain>("a");

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(o => o.Metadata.Headers.Add("x-shop"));
        _client = _host.Client();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_call_reads_as_if_it_were_local()
    {
        Assert.Equal(56, await Probe.Multiply(7, 8));
        Assert.Equal(0, await Probe.Multiply(0, 8));
        Assert.Equal(12, await Probe.Add(7));
        Assert.Equal(7, await Probe.Add(7, 0));
        await Probe.Nothing();
    }

    [Fact]
    public async Task Every_kind_of_key_reaches_its_grain()
    {
        Assert.Equal("a b/c€", await _client.GetGrain<IProbeGrain>("a b/c€").Key());
        Assert.Equal(0, await _client.GetGrain<INumberedGrain>(0).Key());
        Assert.Equal(long.MinValue, await _client.GetGrain<INumberedGrain>(long.MinValue).Key());
        var id = Guid.NewGuid();
        Assert.Equal(id, await _client.GetGrain<IUniqueGrain>(id).Key());
        Assert.Throws<ArgumentException>(() => _client.GetGrain<IProbeGrain>(""));
    }

    [Fact]
    public async Task A_request_that_holds_the_key_goes_to_the_grain_that_was_got() =>
        Assert.Equal("mine:mine:3", await _client.GetGrain<IProbeGrain>("mine").Register(new NamedParcel { Name = "other", Pieces = 3 }));

    [Fact]
    public async Task Objects_lists_and_null_make_the_round_trip()
    {
        var parcel = await Probe.Pack(new Parcel { To = "Bo", Weight = 1.5, Inner = [new Parcel { To = "Al" }], Urgency = Urgency.Express }, [1, 2]);
        Assert.Equal(("Bo", 4.5, Urgency.Express, "Al"), (parcel!.To, parcel.Weight, parcel.Urgency, parcel.Inner.Single().To));
        Assert.Null(await Probe.Pack(null, []));
    }

    [Fact]
    public async Task The_other_version_is_the_other_interface()
    {
        Assert.Equal(2, await _client.GetGrain<IProbeGrainV2>("a").OnlyInTwo());
        Assert.Equal("a", await _client.GetGrain<IProbeGrainV2>("a").Key());
    }

    [Fact]
    public async Task A_one_way_call_is_accepted_and_runs()
    {
        await Probe.Forget("me");
        Assert.Equal("me", await _host.Grains.Forgotten.Task.Within());
    }

    [Fact]
    public async Task An_error_keeps_its_code_its_fields_and_the_wait_it_asks_for()
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => Probe.Fail("InvalidArgument"));
        Assert.Equal((StatusCode.InvalidArgument, "told to: InvalidArgument"), (error.Code, error.Message));
        Assert.Equal(new FieldViolation("how", "do not ask for this"), error.Violations.Single());
        Assert.Equal(TimeSpan.FromSeconds(7), (await Assert.ThrowsAsync<RpcException>(() => Probe.Fail("Unavailable"))).RetryAfter);
        foreach (var code in Enum.GetValues<StatusCode>().Where(c => c != StatusCode.Ok)) Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(() => Probe.Fail(code.ToString()))).Code);
    }

    [Fact]
    public async Task An_unknown_error_is_internal_and_keeps_its_secret()
    {
        _host.Log.Expect("hunter2");
        var error = await Assert.ThrowsAsync<RpcException>(() => Probe.Fail("unknown"));
        Assert.Equal(StatusCode.Internal, error.Code);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_go_out_and_come_back()
    {
        var seen = new ResponseMetadata();
        var client = _client.With(new CallOptions { Headers = new Dictionary<string, string> { ["x-shop"] = "12" }, Response = seen });
        Assert.Equal("12", (await client.GetGrain<IProbeGrain>("a").WhoAmI())["x-shop"]);
        Assert.DoesNotContain("x-shop", (await Probe.WhoAmI()).Keys);
#pragma warning disable CS0618 // The server's announcement is what this is about.
        await client.GetGrain<IProbeGrain>("a").Old();
#pragma warning restore CS0618
        Assert.Equal("@0", seen.Headers["deprecation"]);
        Assert.DoesNotContain("grpc-status", seen.Trailers.Keys);
    }

    [Fact]
    public async Task What_the_caller_changes_after_the_call_is_not_sent()
    {
        var parcel = new Parcel { To = "Bo" };
        var call = Probe.Pack(parcel, []);
        parcel.To = "Al";
        Assert.Equal("Bo", (await call)!.To);
    }

    [Fact]
    public async Task Many_calls_share_the_connection_and_get_their_own_answers()
    {
        var sums = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Probe.Add(i, i)));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => 2L * i), sums);
    }

    [Fact]
    public async Task A_large_message_is_sent_and_one_beyond_the_limit_is_refused_by_name()
    {
        await using var host = await GatewayHost.StartAsync(o => o.Limits.BodyBytes = 8 * 1024 * 1024);
        await using var client = host.Client(o => o.RequestBytes = o.ReplyBytes = 5 * 1024 * 1024);
        var probe = client.GetGrain<IProbeGrain>("a");
        var large = new Parcel { To = new string('x', 4 * 1024 * 1024) };
        Assert.Equal(large.To, (await probe.Pack(large, []))!.To);
        large.To += large.To;
        var error = await Assert.ThrowsAsync<RpcException>(() => probe.Pack(large, []));
        Assert.Equal(StatusCode.ResourceExhausted, error.Code);
        Assert.Contains("RequestBytes", error.Message, StringComparison.Ordinal);

        await using var small = host.Client(o => o.ReplyBytes = 1024);
        error = await Assert.ThrowsAsync<RpcException>(() => small.GetGrain<IProbeGrain>("a").Pack(new Parcel { To = new string('x', 2000) }, []));
        Assert.Equal(StatusCode.ResourceExhausted, error.Code);
        Assert.Contains("ReplyBytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interface_that_is_not_exposed_says_what_is_missing() =>
        Assert.Contains("[RpcService]", Assert.Throws<InvalidOperationException>(() => _client.GetGrain<IHiddenGrain>("a")).Message, StringComparison.Ordinal);
}
