using System.Diagnostics.Metrics;
using Granary.Gateway.Audit;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tests;

public sealed class AuditTests
{
    [Fact]
    public async Task What_gives_power_is_not_done_when_it_cannot_be_recorded_and_what_takes_it_away_is()
    {
        var store = new Store { Fails = true };
        var error = await Assert.ThrowsAsync<RpcException>(() => RunAsync(store, nameof(Actions.Give)));
        Assert.Equal((StatusCode.Unavailable, 0), (error.Code, store.Done));
        await RunAsync(store, nameof(Actions.Take));
        Assert.Equal(1, store.Done);

        store.Fails = false;
        await RunAsync(store, nameof(Actions.Give));
        await RunAsync(store, nameof(Actions.Take), failure: new RpcException(StatusCode.NotFound, "no such key"));
        Assert.Equal(["keys.create BEGUN", "keys.create OK", "test.take NOT_FOUND"], store.Entries.Select(e => $"{e.Action} {e.Result}"));
    }

    [Theory]
    [InlineData("GET", "/admin/keys")]
    [InlineData("HEAD", "/admin/keys")]
    [InlineData("POST", "/elsewhere")]
    public async Task Questions_and_other_addresses_are_no_actions(string method, string path)
    {
        var store = new Store();
        await RunAsync(store, nameof(Actions.Give), method, path);
        Assert.Equal((1, 0), (store.Done, store.Entries.Count));
    }

    [Fact]
    public async Task A_text_of_a_caller_makes_no_line_of_its_own_and_fills_nothing()
    {
        var store = new Store();
        await Log(store).RecordAsync(new AuditEntry("keys.create", "x\r\nAudit: keys.delete of y by root", "OK") { Actor = new string('a', 10_000), Detail = "\u001b[2J" }, default);
        var entry = Assert.Single(store.Entries);
        Assert.DoesNotContain(entry.Target + entry.Detail, char.IsControl);
        Assert.Equal(256, entry.Actor.Length);
    }

    [Fact]
    public async Task In_memory_the_last_entries_are_kept_and_paged_from_the_end()
    {
        var log = Log(new LocalAuditStore(Options.Create(new GatewayOptions { Audit = { Entries = 100 } })));
        for (var i = 0; i < 250; i++) await log.RecordAsync(new AuditEntry("a", $"{i}", "OK"), default);
        var page = await log.ReadAsync(null, 2, default);
        Assert.Equal(["249", "248"], page.Select(e => e.Target));
        Assert.Equal("247", (await log.ReadAsync(page[1].Id, 1, default)).Single().Target);
        Assert.Equal(100, (await log.ReadAsync(null, 1000, default)).Count);
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => log.ReadAsync("x", 1, default).GetAwaiter().GetResult()).Code);
    }

    private static AuditLog Log(IAuditStore store) =>
        new(store, TimeProvider.System, new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(), NullLogger<AuditLog>.Instance);

    private static async Task RunAsync(Store store, string action, string method = "POST", string path = "/admin/keys", Exception? failure = null)
    {
        var http = new DefaultHttpContext { Request = { Method = method, Path = path } };
        var descriptor = new ControllerActionDescriptor { MethodInfo = typeof(Actions).GetMethod(action)!, ControllerName = "Test", ActionName = action };
        var context = new ActionContext(http, new RouteData(), (ActionDescriptor)descriptor);
        var filter = new AuditFilter(Log(store));
        await filter.OnActionExecutionAsync(new ActionExecutingContext(context, [], new Dictionary<string, object?>(), new Actions()), () =>
        {
            store.Done++;
            return Task.FromResult(new ActionExecutedContext(context, [], new Actions()) { Exception = failure });
        });
    }

    private sealed class Actions
    {
        [Audit("keys.create", Closed = true)]
        public void Give()
        {
        }

        public void Take()
        {
        }
    }

    private sealed class Store : IAuditStore
    {
        public bool Fails { get; set; }

        public int Done { get; set; }

        public List<AuditEntry> Entries { get; } = [];

        public ValueTask AppendAsync(AuditEntry entry, CancellationToken cancellation)
        {
            if (Fails) throw new RpcException(StatusCode.Unavailable, "away");
            Entries.Add(entry);
            return default;
        }

        public ValueTask<IReadOnlyList<AuditEntry>> ReadAsync(string? before, int limit, CancellationToken cancellation) => new(Entries);
    }
}
