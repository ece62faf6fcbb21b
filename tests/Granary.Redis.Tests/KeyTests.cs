using Granary.Engine.Redis.Reminders;
using Granary.Engine.Redis.Storage;
using Granary.Redis.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Persistence;

namespace Granary.Redis.Tests;

public sealed class KeyTests
{
    [Fact]
    public async Task The_keys_are_those_that_docs_list()
    {
        await using var server = await RedisServer.StartAsync();
        await using var member = new Member(server.Address, "shop");
        await member.BecomeAsync(SiloStatus.Active);
        await member.Directory.Register(new GrainAddress { GrainId = GrainId.Create("cart", "ann"), ActivationId = ActivationId.NewId(), SiloAddress = member.Address });
        await new RedisGrainStorage("Default", member.Data, "shop", new RedisStorageOptions(), 1000, TimeProvider.System).WriteStateAsync("items", GrainId.Create("cart", "ann"), new GrainState<string>("x"));
        await new RedisReminderTable(member.Data, "shop", NullLogger.Instance).UpsertRow(new ReminderEntry { GrainId = GrainId.Create("cart", "ann"), ReminderName = "expire" });
        string[] expected =
        [
            "granary:shop:state:Default:items:cart/ann hash",
            "granary:{shop}:beats hash",
            "granary:{shop}:dir:cart/ann string",
            "granary:{shop}:members hash",
            "granary:{shop}:reminders hash",
            "granary:{shop}:reminders:ring zset",
        ];
        var keys = new List<string>();
        foreach (var key in Strings(await server.SendAsync("KEYS", "*"))) keys.Add($"{key} {(await server.SendAsync("TYPE", key)).Trim()[1..]}");
        Assert.Equal(expected, keys.Order(StringComparer.Ordinal));
        var docs = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "redis.md"));
        foreach (var name in new[] { "granary:{cluster}:members", "granary:{cluster}:beats", "granary:{cluster}:restoring", "granary:{cluster}:dir:", "granary:{service}:reminders", "granary:{service}:reminders:ring", "granary:service:state:" })
        {
            Assert.Contains(name, docs, StringComparison.Ordinal);
        }

        foreach (var permission in ConnectionTests.Permissions) Assert.Contains(permission, docs, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Strings(string answer) => answer.Split("\r\n").Where((line, i) => i % 2 == 0 && i > 0 && line.Length > 0);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Cluster.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
