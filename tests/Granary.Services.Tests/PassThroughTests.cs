using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Granary.Services.Tests;

[RpcService("passed", Package = "granary.services.tests")]
public interface IPassedGrain : IGrainWithStringKey
{
    Task<string> Join(string text, int times = 3);

    Task<List<string>> Where(bool yieldFirst);

    Task Nothing(string text);

    Task<string> Refuse(string text);

    Task<int> Wait(CancellationToken cancellation);

    Task<string> Echo(PassedRequest request);
}

[GenerateSerializer]
public sealed record PassedRequest
{
    [Id(0)]
    public string Text { get; set; } = "";

    [Id(2), RpcKey]
    public string Name { get; set; } = "";
}

public sealed class PassedGrain(ILocalSiloDetails silo) : Grain, IPassedGrain
{
    private readonly List<string> _where = [silo.SiloAddress.ToString()];

    public static TaskCompletionSource Cancelled { get; set; } = new();

    public Task<string> Join(string text, int times) => Task.FromResult($"{this.GetPrimaryKeyString()}:{string.Concat(Enumerable.Repeat(text, times))}");

    public async Task<List<string>> Where(bool yieldFirst)
    {
        if (yieldFirst) await Task.Yield();
        return _where;
    }

    public Task Nothing(string text) => Task.CompletedTask;

    public Task<string> Echo(PassedRequest request) => Task.FromResult($"{this.GetPrimaryKeyString()} {request.Name} {request.Text}");

    public Task<string> Refuse(string text) => throw new RpcException(StatusCode.FailedPrecondition, text);

    public async Task<int> Wait(CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return 1;
        }
        finally
        {
            Cancelled.TrySetResult();
        }
    }
}

/// <summary>Calls whose messages nobody reads between the caller and the grain.</summary>
public sealed class PassThroughTests
{
    private static readonly RpcService s_service = RpcCatalog.FromLoadedAssemblies().Find("passed", 1)!;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_reaches_the_grain_wherever_it_is_and_the_reply_comes_back(bool yieldFirst)
    {
        await using var cluster = await Cluster.StartAsync(2);
        var services = ((InProcessSiloHandle)cluster.Primary!).ServiceProvider;
        var where = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal($"g{i}:abab", ReadText(await CallAsync(services, "Join", Message($"g{i}", "ab", 2))));
            Assert.Empty((await CallAsync(services, "Nothing", Message($"g{i}", "ab"))).ToArray());
            where.Add(ReadText(await CallAsync(services, "Where", Message($"g{i}", yieldFirst))));
        }

        // Some here, where the message is read after all, and some there.
        Assert.Equal(2, where.Count);
    }

    [Fact]
    public async Task What_a_message_leaves_out_has_the_default_of_its_parameter()
    {
        await using var silo = await OneSilo.StartAsync();
        Assert.Equal("a:xxx", ReadText(await CallAsync(silo.Services, "Join", Message("a", "x"))));
        Assert.Equal("a:", ReadText(await CallAsync(silo.Services, "Join", Message("a", "x", 0))));
    }

    [Fact]
    public async Task The_key_is_found_where_the_only_argument_holds_it()
    {
        await using var silo = await OneSilo.StartAsync();
        var writer = new WireWriter(new byte[64]);
        writer.WriteTag((1 << 3) | 2);
        writer.WriteString("not the key");
        writer.WriteTag((3 << 3) | 2);
        writer.WriteString("k");
        Assert.Equal("k k not the key", ReadText(await CallAsync(silo.Services, "Echo", writer.Written.ToArray())));
    }

    [Fact]
    public async Task Errors_of_the_grain_come_back_as_they_are()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var services = ((InProcessSiloHandle)cluster.Primary!).ServiceProvider;
        for (var i = 0; i < 20; i++)
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => CallAsync(services, "Refuse", Message($"g{i}", "not now")).AsTask());
            Assert.Equal((StatusCode.FailedPrecondition, "not now"), (error.Code, error.Message));
        }
    }

    [Fact]
    public async Task A_message_that_is_none_is_refused_wherever_it_is_read()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var services = ((InProcessSiloHandle)cluster.Primary!).ServiceProvider;
        for (var i = 0; i < 20; i++)
        {
            // The key is right; the text is not UTF-8.
            byte[] message = [.. Message($"g{i}"), 0x12, 0x02, 0xC3, 0x28];
            var error = await Assert.ThrowsAsync<RpcException>(() => CallAsync(services, "Join", message).AsTask());
            Assert.Equal(StatusCode.InvalidArgument, error.Code);
        }
    }

    [Fact]
    public async Task Who_cancels_cancels_the_grains_token()
    {
        await using var silo = await OneSilo.StartAsync();
        PassedGrain.Cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = new CancellationTokenSource();
        var call = CallAsync(silo.Services, "Wait", Message("a"), cancellation.Token).AsTask();
        await CallAsync(silo.Services, "Nothing", Message("b", "the first has begun")).AsTask().Within();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Within());
        await PassedGrain.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Filters_see_and_change_arguments_and_results_of_a_call_whose_message_nobody_has_read()
    {
        await using var silo = await OneSilo.StartAsync(s => s.AddIncomingGrainCallFilter<Shouting>().AddOutgoingGrainCallFilter<Tripling>());
        Assert.Equal("A:XXX!", ReadText(await CallAsync(silo.Services, "Join", Message("a", "x", 1))));
    }

    private static ValueTask<ReadOnlyMemory<byte>> CallAsync(IServiceProvider services, string method, byte[] message, CancellationToken cancellation = default)
    {
        var called = s_service.Methods.Single(m => m.Name == method);
        var passThrough = services.GetRequiredService<IRpcPassThrough>();
        Assert.True(passThrough.Supports(called));
        var request = called.CreateRequest();
        request.TakeMessage(message);
        return passThrough.InvokeAsync(request, services.GetRequiredService<IGrainFactory>(), cancellation);
    }

    private static byte[] Message(string key, object? first = null, int? second = null)
    {
        var writer = new WireWriter(new byte[256]);
        writer.WriteTag((1 << 3) | 2);
        writer.WriteString(key);
        switch (first)
        {
            case string text:
                writer.WriteTag((2 << 3) | 2);
                writer.WriteString(text);
                break;
            case true:
                writer.WriteTag(2 << 3);
                writer.WriteBool(true);
                break;
        }

        if (second is { } times)
        {
            writer.WriteTag(3 << 3);
            writer.WriteInt32(times);
        }

        return writer.Written.ToArray();
    }

    /// <summary>The text in field 1.</summary>
    private static string ReadText(ReadOnlyMemory<byte> reply)
    {
        var reader = new WireReader(reply.Span);
        Assert.Equal((1u << 3) | 2, reader.ReadTag());
        return reader.ReadString();
    }

    private sealed class Shouting : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.Request.GetArgumentCount() > 0 && context.Request.GetArgument(0) is string text) context.Request.SetArgument(0, text.ToUpperInvariant());
            await context.Invoke();
            if (context.Result is string result) context.Result = result.ToUpperInvariant() + "!";
        }
    }

    private sealed class Tripling : IOutgoingGrainCallFilter
    {
        public Task Invoke(IOutgoingGrainCallContext context)
        {
            if (context.MethodName == "Join") context.Request.SetArgument(1, 3);
            return context.Invoke();
        }
    }
}
