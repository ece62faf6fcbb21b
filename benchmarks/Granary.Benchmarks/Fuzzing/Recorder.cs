using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Granary.Engine.Directory;
using Granary.Engine.Transport;
using Granary.Rpc;

namespace Granary.Fuzzing;

/// <summary>Records two silos and a client at work.</summary>
internal static class Recorder
{
    internal static async Task<Recording> RecordAsync()
    {
        var log = new FuzzLog();
        var directory = new InMemoryGrainDirectory();
        using Tap tapA = new(), tapB = new();
        bool OurAddress(IPEndPoint endPoint) => endPoint.Equals(tapA.EndPoint) || endPoint.Equals(tapB.EndPoint);
        var (endPointA, endPointB) = (tapA.EndPoint, tapB.EndPoint);
        var a = FuzzProcess.Silo(directory, SiloAddress.New(endPointA, 1), log, mayReach: e => e.Equals(endPointB));
        var b = FuzzProcess.Silo(directory, SiloAddress.New(endPointB, 2), log, mayReach: e => e.Equals(endPointA));
        var client = FuzzProcess.Client("recorded", log, OurAddress);
        tapA.LeadTo(await a.Network.ListenAsync(new IPEndPoint(IPAddress.Loopback, 0)));
        tapB.LeadTo(await b.Network.ListenAsync(new IPEndPoint(IPAddress.Loopback, 0)));
        foreach (var process in new[] { a, b, client }) process.Core.View = FuzzProcess.View(a, b);

        await client.Network.ConnectAsync(endPointA, CancellationToken.None);
        await client.Network.ConnectAsync(endPointB, CancellationToken.None);
        for (var i = 0; i < 12; i++)
        {
            await CallAsync(client, $"grain {i}");
            await CallAsync(a, $"grain {i}");
        }

        await MovedAsync(client, a, b);
        a.Network.PublishView();
        b.Network.PublishView();
        await client.Grain("grain 0").Add(1, 1);
        await Task.WhenAll(a.Network.StopAsync(TimeSpan.FromSeconds(5)), b.Network.StopAsync(TimeSpan.FromSeconds(5)), client.Network.StopAsync(TimeSpan.FromSeconds(5)));
        var streams = (await tapA.EndAsync()).Concat(await tapB.EndAsync()).Where(s => s.Frames.Length > 0).ToArray();
        foreach (var process in new[] { a, b, client }) await process.DisposeAsync();
        if (log.TryTake(out var error)) throw new InvalidOperationException($"An error while traffic was recorded: {error}");
        var recording = new Recording(streams);
        FrameKind[] wanted = [FrameKind.Request, FrameKind.Reply, FrameKind.Error, FrameKind.Moved, FrameKind.StreamItem, FrameKind.Credit, FrameKind.Cancel, FrameKind.GoAway, FrameKind.GoAwayHeard, FrameKind.View, FrameKind.Greeting, FrameKind.Hello, FrameKind.Welcome];
        foreach (var kind in wanted)
        {
            if (recording.Frames(null, kind).Length == 0) throw new InvalidOperationException($"No frame of the kind {kind} was recorded.");
        }

        return recording;
    }

    private static async Task CallAsync(FuzzProcess from, string key)
    {
        var grain = from.Grain(key);
        await grain.Add(1, long.MaxValue);
        await grain.Echo("some text: ä, 漢字, 🌾");
        await grain.Sum([.. Enumerable.Range(-20, 60)]);
        var record = new FuzzRecord { Name = "whole", Weight = 1.5, Counts = { ["a"] = 1, ["b"] = -1 }, Parts = { new FuzzRecord { Name = "part", Parts = { new FuzzRecord() } }, new FuzzRecord { Weight = -0.0 } } };
        await grain.Copy(record);
        await grain.Odd(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), 12.345m, new DateTimeOffset(2030, 5, 6, 7, 8, 9, TimeSpan.FromHours(2)), TimeSpan.FromSeconds(1.5), [1, 2, 3]);
        for (var kind = 0; kind < 3; kind++) await CatchAsync(grain.Fail(kind));
        await grain.Note("one way");
        using (var cancellation = new CancellationTokenSource())
        {
            var waiting = grain.Wait(cancellation.Token);
            await grain.Add(0, 0);
            await cancellation.CancelAsync();
            await CatchAsync(waiting);
        }

        using (RpcDeadline.Within(TimeSpan.FromSeconds(20))) await grain.Add(2, 3);
        await InContextAsync(grain);
        var watcher = new Watcher();
        await CatchAsync(grain.Tell((IFuzzWatcher)(object)from.Core.Observers.Add(typeof(IFuzzWatcher), watcher), from.Grain("other")));
        GC.KeepAlive(watcher);
        await CatchAsync(grain.Total(RpcStream.From(Enumerable.Range(0, 200))));
        await foreach (var item in grain.Stream(150)) _ = item;
        await foreach (var item in grain.Stream(150))
        {
            if (item.Weight > 3) break;
        }
    }

    private static async Task InContextAsync(IFuzzGrain grain)
    {
        using var activity = new Activity("fuzz").SetIdFormat(ActivityIdFormat.W3C).Start();
        RequestContext.Set("text", "value");
        RequestContext.Set("flag", true);
        RequestContext.Set("int", 7);
        RequestContext.Set("long", long.MinValue);
        RequestContext.Set("double", 0.5);
        RequestContext.Set("guid", Guid.Empty);
        RequestContext.Set("bytes", new byte[] { 1, 2, 3 });
        RequestContext.Set("time", new DateTime(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        RequestContext.Set("offset", new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.FromHours(-3)));
        RequestContext.Set("span", TimeSpan.FromMinutes(1));
        RequestContext.Set("decimal", decimal.Parse("-1.50", CultureInfo.InvariantCulture));
        using var chain = RequestContext.AllowCallChainReentrancy();
        await grain.Add(4, 5);
        RequestContext.Clear();
    }

    /// <summary>Calls that go to the wrong silo first.</summary>
    private static async Task MovedAsync(FuzzProcess client, FuzzProcess a, FuzzProcess b)
    {
        for (var i = 0; i < 8; i++)
        {
            var grain = client.Grain($"moved {i}");
            var grainId = ((GrainReference)(object)grain).GrainId;
            client.Core.Locator.Remember(grainId, a.Address);
            await grain.Echo("to the wrong silo, perhaps");
            client.Core.Locator.Remember(grainId, b.Address);
            await grain.Echo("or now");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task CatchAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception)
        {
            // Its frames are what is wanted.
        }
    }

    private sealed class Watcher : IFuzzWatcher
    {
        public Task Saw(string what) => Task.CompletedTask;
    }
}
