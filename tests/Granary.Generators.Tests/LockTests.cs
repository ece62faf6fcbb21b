using Granary.Generators.Tests.Support;

namespace Granary.Generators.Tests;

/// <summary>contracts.lock: what is new must be in it, what breaks it must be meant, what was removed must not come back.</summary>
public sealed class LockTests
{
    private const string User = """
        [GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; [Id(1)] public int Age { get; set; } }
        """;

    private const string UserLock = """
        message shop.v1.User 1 name string
        message shop.v1.User 2 age int32
        """;

    [Fact]
    public void A_project_that_keeps_a_lock_must_have_one() => new Snippet(User, keepsLock: true)
        .HasOnly("GRN040", "There is no contracts.lock", "2 lines", "'message shop.v1.User 1 name string'", "-p:UpdateContractsLock=true");

    [Fact]
    public void A_project_that_keeps_none_needs_none() => new Snippet(User).IsFine();

    [Fact]
    public void What_the_lock_knows_is_fine() => new Snippet(User, contractsLock: UserLock).IsFine();

    [Fact]
    public void A_new_fact_is_named_with_the_line_to_add() => new Snippet(User, contractsLock: "message shop.v1.User 1 name string")
        .HasOnly("GRN040", "1 line is missing", "'message shop.v1.User 2 age int32'");

    [Fact]
    public void A_removed_member_breaks_with_the_line_to_write() => new Snippet(
        """[GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; }""", contractsLock: UserLock)
        .HasOnly("GRN041", "Removing 'message shop.v1.User 2 age int32'", "break message shop.v1.User 2 age int32 => removed \"why\"");

    [Fact]
    public void A_removal_that_is_meant_is_fine() => new Snippet(
        """[GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; }""",
        contractsLock: UserLock + "\nbreak message shop.v1.User 2 age int32 => removed \"nobody reads it\"").IsFine();

    [Fact]
    public void A_break_without_a_reason_is_not_understood()
    {
        var problems = new Snippet(User, contractsLock: UserLock + "\nbreak message shop.v1.User 3 mail string => removed").Problems();
        Assert.Equal(["GRN043"], problems.Select(p => p.Id));
    }

    [Fact]
    public void A_removed_number_cannot_be_used_again() => new Snippet(
        """[GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; [Id(1)] public string? Mail { get; set; } }""",
        contractsLock: """
            message shop.v1.User 1 name string
            break message shop.v1.User 2 age int32 => removed "nobody reads it"
            """,
        updatesLock: true).HasOnly("GRN042", "message shop.v1.User 2 mail optional string", "[Id(2)]");

    [Fact]
    public void A_changed_type_breaks_with_the_line_to_write() => new Snippet(
        """[GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; [Id(1)] public long Age { get; set; } }""", contractsLock: UserLock)
        .HasOnly("GRN041", "'message shop.v1.User 2 age int32' to 'age int64'", "break message shop.v1.User 2 age int32 => age int64 \"why\"");

    [Fact]
    public void Only_the_change_that_was_meant_is_fine() => new Snippet(
        """[GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; [Id(1)] public double Age { get; set; } }""",
        contractsLock: UserLock + "\nbreak message shop.v1.User 2 age int32 => age int64 \"grew\"").HasOnly("GRN041", "age double");

    [Fact]
    public void A_renumbered_enum_value_breaks()
    {
        var ids = new Snippet("public enum Size { Small = 1, Big = 2 } [GenerateSerializer] public sealed class Hat { [Id(0)] public Size Size { get; set; } }", contractsLock: """
            enum shop.v1.Size 1 Big
            enum shop.v1.Size 2 Small
            message shop.v1.Hat 1 size shop.v1.Size
            """).Problems().Select(p => p.Id);
        Assert.Equal(["GRN041", "GRN041"], ids);
    }

    [Theory]
    [InlineData("Task<int> Get(int x);", 0)]
    [InlineData("Task<int> Get(int x, CancellationToken ct = default);", 0)]
    [InlineData("Task<int> Get(int x); Task<int> More(int y);", 0)]
    [InlineData("Task<int> Get(int y);", 1)]
    [InlineData("Task<long> Get(int x);", 1)]
    [InlineData("IAsyncEnumerable<int> Get(int x);", 1)]
    [InlineData("[Id(9)] Task<int> Get(int x);", 1)]
    [InlineData("Task<int> Fetch(int x);", 3)]
    public void A_change_of_a_method_breaks_when_callers_would_notice(string method, int breaks)
    {
        var contractsLock = Written("[RpcService(\"users\")] public interface IUsersGrain : IGrainWithStringKey { Task<int> Get(int x); }");
        var problems = new Snippet($$"""[RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { {{method}} }""", contractsLock: contractsLock).Problems();
        Assert.Equal(breaks, problems.Count(p => p.Id == "GRN041"));
    }

    [Fact]
    public void A_renamed_service_breaks()
    {
        var contractsLock = Written("[RpcService(\"users\")] public interface IUsersGrain : IGrainWithStringKey { Task Get(); }");
        var problems = new Snippet("[RpcService(\"people\")] public interface IUsersGrain : IGrainWithStringKey { Task Get(); }", contractsLock: contractsLock).Problems();
        Assert.Contains(problems, p => p.Id == "GRN041" && p.GetMessage(null).Contains("service shop.v1.Users users v1 string-key", StringComparison.Ordinal));
    }

    [Fact]
    public void Calls_between_silos_are_kept_too()
    {
        var contractsLock = Written("public interface IStock : IGrainWithStringKey { Task Take(int count); }");
        Assert.Contains("call Shop.IStock/Take(int) 0x", contractsLock, StringComparison.Ordinal);
        Assert.Contains("argument Shop.IStock/Take(int) 2 count int32", contractsLock, StringComparison.Ordinal);
    }

    [Fact]
    public void An_update_writes_sorted_facts_and_keeps_the_breaks()
    {
        const string MeantBreak = "break message shop.v1.User 3 mail string => removed \"nobody writes; or reads it\"";
        var text = Written(User, "message shop.v1.User 1 name string\nmessage shop.v1.User 3 mail string\n" + MeantBreak);
        Assert.Equal(
            ["message shop.v1.User 1 name string", "message shop.v1.User 2 age int32", MeantBreak],
            text.Split('\n').Where(l => l.Length > 0 && !l.StartsWith("//", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_an_update_wrote_is_fine()
    {
        const string Source = """
            [GenerateSerializer, Union(0, typeof(Circle))] public abstract class Shape;
            [GenerateSerializer] public sealed class Circle : Shape { [Id(0)] public double Radius { get; set; } [Id(11)] public Dictionary<string, Shape> Inner { get; set; } = []; }
            public enum Color { Red, Green }
            public interface IWatcher : IGrainObserver { void Seen(Color color); }
            [RpcService("shapes", Version = 3)] public interface IShapesGrain : IGrainWithIntegerCompoundKey
            {
                [ReadOnly, RpcMethod(Http = "GET /shapes/{key}/{color}")] Task<List<Shape>> Find(Color color, int most = 50);
                IAsyncEnumerable<Color> Watch(RpcStream<Shape> shapes);
            }
            public interface IInner : IGrainWithGuidKey { Task Subscribe(IWatcher watcher, Dictionary<string, int> counts); }
            """;
        new Snippet(Source, contractsLock: Written(Source), keepsLock: true).IsFine();
    }

    [Fact]
    public void The_number_of_a_streamed_item_is_a_promise()
    {
        var was = Written("""[RpcService("sums")] public interface ISumsGrain : IGrainWithStringKey { Task<int> Sum(int start, RpcStream<int> numbers); }""");
        Assert.Contains("request shop.v1.Sums/Sum 3 item optional int32\n", was, StringComparison.Ordinal);
        var now = """[RpcService("sums")] public interface ISumsGrain : IGrainWithStringKey { [Id(77)] Task<int> Sum(int start, RpcStream<int> numbers, int factor = 1); }""";
        Assert.Contains(new Snippet(now, contractsLock: was).Problems(), p => p.Id == "GRN041" && p.GetMessage(null).Contains("'request shop.v1.Sums/Sum 3 item optional int32'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("massage shop.v1.User 1 name string")]
    [InlineData("message shop.v1.User 1")]
    [InlineData("message shop.v1.User 1 name string\nmessage shop.v1.User 1 name string")]
    public void A_line_that_is_not_understood_is_named(string line)
    {
        var problem = new Snippet(User, contractsLock: line).Problems().First(p => p.Id == "GRN043");
        Assert.Contains("contracts.lock line", problem.GetMessage(null), StringComparison.Ordinal);
    }

    private static string Written(string source, string? old = null)
    {
        var file = new Snippet(source, contractsLock: old, updatesLock: true).Generated("ContractsLock");
        return file.Replace("#if GRANARY_CONTRACTS_LOCK\n", "", StringComparison.Ordinal).Replace("#endif\n", "", StringComparison.Ordinal);
    }
}
