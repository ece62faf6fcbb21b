using Granary.Generators.Tests.Support;

namespace Granary.Generators.Tests;

/// <summary>Mistakes in serialized types: each is one error that says what to write, and nothing else fails.</summary>
public sealed class MessageMistakeTests
{
    [Fact]
    public void A_public_member_without_an_id_is_named_with_the_next_free_id() => new Snippet("""
        [GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; public int Age { get; set; } }
        """).HasOnly("GRN001", "User.Age", "[Id(1)]", "NonSerialized");

    [Fact]
    public void A_member_that_is_marked_as_not_serialized_needs_no_id() => new Snippet("""
        [GenerateSerializer] public sealed class User
        {
            [Id(0)] public string Name { get; set; } = "";
            [field: NonSerialized] public int Cached { get; set; }
            [NonSerialized] public int AlsoCached;
            public string Shout => Name + "!";
            public static int Count { get; set; }
            internal int Inner { get; set; }
        }
        """).IsFine();

    [Fact]
    public void Two_equal_ids_are_named() => new Snippet("""
        [GenerateSerializer] public sealed class User { [Id(0)] public string Name { get; set; } = ""; [Id(0)] public int Age { get; set; } }
        """).HasOnly("GRN002", "User.Age", "User.Name", "id 0", "[Id(1)]");

    [Fact]
    public void An_id_of_a_base_type_cannot_be_used_again() => new Snippet("""
        [GenerateSerializer] public class Animal { [Id(0)] public string Name { get; set; } = ""; }
        [GenerateSerializer] public sealed class Dog : Animal { [Id(0)] public int Barks { get; set; } }
        """).HasOnly("GRN002", "Dog.Barks", "Animal.Name");

    [Fact]
    public void A_positional_parameter_and_a_member_cannot_share_an_id() => new Snippet("""
        [GenerateSerializer] public sealed record User(string Name, int Age) { [Id(1)] public string? Mail { get; init; } }
        """).HasOnly("GRN002", "User.Mail", "[Id(2)]", "positional");

    [Theory]
    [InlineData("public int Age { get; private set; }", "setter is private")]
    [InlineData("public int Age { get; }", "no setter")]
    [InlineData("public readonly int Age;", "readonly")]
    public void A_member_that_cannot_be_written_is_named_with_what_to_write(string member, string fault) => new Snippet($$"""
        [GenerateSerializer] public sealed class User { [Id(0)] {{member}} }
        """).HasOnly("GRN003", "User.Age", fault, "{ get; set; }", "'age'");

    [Fact]
    public void A_get_only_member_may_be_a_constructor_parameter() => new Snippet("""
        [GenerateSerializer] public sealed class User(int age) { [Id(0)] public int Age { get; } = age; [Id(1)] public string? Name { get; set; } }
        """).IsFine();

    [Theory]
    [InlineData("(int, int)", "tuple")]
    [InlineData("object", "anything")]
    [InlineData("IEnumerable<int>", "IReadOnlyList<T>")]
    [InlineData("List<List<int>>", "collection of collections")]
    [InlineData("List<string?>", "nulls")]
    [InlineData("List<int?>", "nulls")]
    [InlineData("int[,]", "dimension")]
    [InlineData("Uri", "Use a string")]
    [InlineData("Action", "code")]
    [InlineData("Plain", "[GenerateSerializer]")]
    [InlineData("IPlain", "[Union]")]
    [InlineData("Dictionary<double, int>", "keys")]
    [InlineData("Long", "32 bits")]
    [InlineData("CancellationToken", "parameter")]
    [InlineData("Task<int>", "[GenerateSerializer]")]
    [InlineData("IUserGrain", "grain's key")]
    [InlineData("RpcStream<int>", "parameter of a grain method")]
    [InlineData("Dictionary<string, List<Plain>>", "Plain")]
    public void An_unsupported_type_is_named_with_its_path_and_a_way_out(string type, string fix) => new Snippet($$"""
        public class Plain;
        public interface IPlain;
        public interface IUserGrain : IGrainWithStringKey { Task Touch(); }
        public enum Long : long { Big = long.MaxValue }
        [GenerateSerializer] public sealed class User { [Id(0)] public {{type}} Thing { get; set; } = default!; }
        """).HasOnly("GRN004", "User.Thing", fix);

    [Fact]
    public void A_private_member_with_an_id_is_named() => new Snippet("""
        [GenerateSerializer] public sealed class User { [Id(0)] private int Age { get; set; } }
        """).HasOnly("GRN005", "User.Age", "public or internal");

    [Fact]
    public void A_type_without_a_usable_constructor_is_named() => new Snippet("""
        [GenerateSerializer] public sealed class User { public User(DateTime born) { } [Id(0)] public int Age { get; set; } }
        """).HasOnly("GRN006", "User");

    [Theory]
    [InlineData("[Union(0, typeof(string))] public abstract class Shape;", "does not derive")]
    [InlineData("[Union(0, typeof(Circle))] [Union(0, typeof(Square))] public abstract class Shape; [GenerateSerializer] public sealed class Circle : Shape; [GenerateSerializer] public sealed class Square : Shape;", "two sub-types have id 0")]
    [InlineData("[Union(0, typeof(Circle))] public abstract class Shape; public sealed class Circle : Shape;", "not serialized")]
    [InlineData("[GenerateSerializer] [Union(0, typeof(Shape))] public class Shape;", "lists itself")]
    [InlineData("[GenerateSerializer] public abstract class Shape;", "[Union(n, typeof(SubType))]")]
    public void A_wrong_union_says_why(string source, string why) => new Snippet(source).HasOnly("GRN007", why);

    [Fact]
    public void A_base_type_whose_members_would_be_lost_is_named() => new Snippet("""
        public class Animal { public string Name { get; set; } = ""; }
        [GenerateSerializer] public sealed class Dog : Animal { [Id(0)] public int Barks { get; set; } }
        """).HasOnly("GRN008", "Dog", "Animal");

    [Fact]
    public void A_private_type_is_named() => new Snippet("""
        public static class Outer { [GenerateSerializer] private sealed class User { [Id(0)] public int Age { get; set; } } }
        """).HasOnly("GRN009", "User");

    [Fact]
    public void A_mistake_in_one_type_leaves_those_that_use_it_compiling() => new Snippet("""
        [GenerateSerializer] public sealed class Bad { public int Age { get; set; } }
        [GenerateSerializer] public sealed class Good { [Id(0)] public Bad? Bad { get; set; } [Id(1)] public List<Bad> All { get; set; } = []; }
        [RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { Task<Bad> Get(Good good); }
        """).HasOnly("GRN001", "Bad.Age");

    [Fact]
    public void A_closed_generic_type_is_checked_where_it_is_used() => new Snippet("""
        public class Plain;
        [GenerateSerializer] public sealed class Page<T> { [Id(0)] public List<T> Items { get; set; } = []; }
        [GenerateSerializer] public sealed class Answer { [Id(0)] public Page<Plain> Page { get; set; } = new(); }
        """).HasOnly("GRN004", "Plain");

    [Fact]
    public void An_overridden_member_is_that_of_the_base() => new Snippet("""
        [GenerateSerializer] public class Animal { [Id(0)] public virtual string Name { get; set; } = ""; }
        [GenerateSerializer] public sealed class Dog : Animal { [Id(0)] public override string Name { get; set; } = ""; }
        """).IsFine();

    [Fact]
    public void An_exception_is_no_message() => new Snippet("""
        [GenerateSerializer] public sealed class TooLate(string message) : Exception(message) { [Id(0)] public int Minutes { get; set; } }
        """).IsFine();

    [Fact]
    public void A_number_that_protobuf_keeps_for_itself_is_refused() => new Snippet("""
        [GenerateSerializer] public sealed class User { [Id(19000)] public int Age { get; set; } }
        """).HasOnly("GRN004", "19001");
}
