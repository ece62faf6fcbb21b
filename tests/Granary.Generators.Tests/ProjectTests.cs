using Granary.Generators.Tests.Support;

namespace Granary.Generators.Tests;

/// <summary>What depends on the project around a contract: the engine, and the assemblies it references.</summary>
public sealed class ProjectTests
{
    private const string Contract = """
        [GenerateSerializer] public sealed record User(string Name);
        [RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { Task<User> Get(RpcStream<short> x, CancellationToken ct = default); IAsyncEnumerable<User> All(RpcStream<User> users); }
        public sealed class UsersGrain : Grain, IUsersGrain
        {
            public Task<User> Get(RpcStream<short> x, CancellationToken ct = default) => Task.FromResult(new User(""));
            public IAsyncEnumerable<User> All(RpcStream<User> users) => users;
        }
        """;

    [Fact]
    public void The_official_engine_gets_codecs_and_services_but_no_proxies()
    {
        var snippet = new Snippet(Contract, engine: "orleans");
        snippet.IsFine();
        Assert.True(snippet.Generates("User_Codec"));
        Assert.True(snippet.Generates("IUsersGrain_Service"));
        Assert.False(snippet.Generates("_Calls"));
        Assert.DoesNotContain("Granary.Calls", snippet.Generated("Parts"), StringComparison.Ordinal);
        Assert.Contains("Stream.Bind(grains)", snippet.Generated("IUsersGrain_Service"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_embedded_engine_binds_streams_itself() => Assert.DoesNotContain("Stream.Bind(grains)", new Snippet(Contract).Generated("IUsersGrain_Service"), StringComparison.Ordinal);

    [Fact]
    public void A_host_that_mentions_no_grain_still_names_their_parts()
    {
        var contract = new Snippet(Contract, name: "Shop.Contracts");
        var host = new Snippet("public static class Program;", references: [contract.ToReference()], name: "Shop.Host");
        host.IsFine();
        Assert.Contains("Granary.Generated.Shop_Contracts.ServicePart", host.Generated("Parts"), StringComparison.Ordinal);
        Assert.Contains("Granary.Generated.Shop_Contracts.GrainPart", host.Generated("Parts"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_of_another_assembly_is_used_through_its_registered_codec()
    {
        var contract = new Snippet("""
            [GenerateSerializer] public sealed record User(string Name);
            [GenerateSerializer] public sealed record Page<T>(List<T> Items);
            """, name: "Shop.Shared");
        var user = new Snippet("""
            [GenerateSerializer] public sealed record Team(User Head, List<User> All, Page<User> Page);
            public interface ITeam : IGrainWithStringKey { Task<User> Head(Page<Team> page); }
            """, references: [contract.ToReference()], name: "Shop.Teams");
        user.IsFine();
        Assert.Contains("MessageCodec<global::Shop.User>.Instance", user.Generated("Team_Codec"), StringComparison.Ordinal);
        Assert.True(user.Generates("Page_Shop_User"));
        Assert.True(user.Generates("Page_Shop_Team"));
    }

    [Fact]
    public void A_project_without_contracts_gets_nothing() => Assert.Empty(new Snippet("public static class Program;").Driver.GetRunResult().Results[0].GeneratedSources.Where(s => !s.HintName.StartsWith("Parts", StringComparison.Ordinal)));

    [Fact]
    public void A_grain_interface_may_inherit_what_only_the_runtime_calls() => new Snippet("""
        public interface IUsersGrain : IGrainWithStringKey, IRemindable { Task Get(); }
        """).IsFine();

    [Fact]
    public void Names_that_are_keywords_or_ours_do_no_harm() => new Snippet("""
        [GenerateSerializer] public sealed record @class(int @event, string writer, List<int> reader, Dictionary<string, int> path) { [Id(7)] public int value { get; init; } [Id(8)] public int? format { get; init; } }
        [GenerateSerializer] public struct tag { [Id(0)] public int f1; [Id(1)] public int seen1; }
        public enum @enum { @default, @null }
        [RpcService("names")] public interface INames : IGrainWithStringKey
        {
            Task<@class> Instance(int @int, @class writer, tag reader, @enum call, string name, string text, List<int> grains, int cancellation, int path, CancellationToken @is);
            Task<@enum> Proxy(string request, string result, string __call);
            Task<int> Interface(RpcStream<@enum> items);
            IAsyncEnumerable<tag> Info(int target, int value);
        }
        """).IsFine();

    [Fact]
    public void Code_without_nullable_annotations_is_read_as_nullable() => new Snippet("""
        #nullable disable
        [GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } [Id(1)] public List<string> Tags { get; set; } [Id(2)] public User Friend { get; set; } }
        public interface IUsersGrain : IGrainWithStringKey { Task<User> Get(string name, User user, List<User> users); }
        """).IsFine();

    [Fact]
    public void Obsolete_members_are_carried_without_a_warning() => new Snippet("""
        [GenerateSerializer] public sealed class User { [Id(0), Obsolete("Use Mail.")] public string? Address { get; set; } }
        public interface IUsersGrain : IGrainWithStringKey { [Obsolete("Use something else.")] Task Get(); }
        """).IsFine();

    [Fact]
    public void Nested_and_internal_contracts_are_served() => new Snippet("""
        public static class Outer
        {
            [GenerateSerializer] internal sealed record User(string Name) { public enum Kind { One } [Id(1)] public Kind? What { get; init; } }
            internal interface IUsersGrain : IGrainWithStringKey { Task<User> Get(User.Kind[] kinds); }
        }
        """).IsFine();

    [Fact]
    public void A_partial_interface_is_generated_once() => new Snippet("""
        public partial interface IUsersGrain : IGrainWithStringKey { Task Get(); }
        public partial interface IUsersGrain : IGrainWithStringKey { Task Set(); }
        """).IsFine();
}
