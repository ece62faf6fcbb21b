using Granary.Generators.Tests.Support;

namespace Granary.Generators.Tests;

/// <summary>Mistakes in grain interfaces, exposed or not.</summary>
public sealed class GrainMistakeTests
{
    [Theory]
    [InlineData("int Get()", "int")]
    [InlineData("void Get()", "void")]
    [InlineData("IEnumerable<int> Get()", "IEnumerable<int>")]
    public void A_method_that_does_not_return_a_task_is_named(string method, string type) => Grain(method).HasOnly("GRN010", "IUserGrain.Get", $"'{type}'", "ValueTask");

    [Fact]
    public void A_one_way_method_and_an_observer_may_return_nothing() => new Snippet("""
        public interface IUserGrain : IGrainWithStringKey { [OneWay] void Forget(int x); [OneWay] Task Send(int x); }
        public interface IUserObserver : IGrainObserver { void Changed(string name); Task Saved(); }
        """).IsFine();

    [Fact]
    public void A_one_way_method_has_no_result() => Grain("[OneWay] Task<int> Get()").HasOnly("GRN010", "OneWay");

    [Theory]
    [InlineData("Task Get(ref int x)")]
    [InlineData("Task Get(out int x)")]
    [InlineData("Task Get(in int x)")]
    public void A_parameter_by_reference_is_named(string method) => Grain(method).HasOnly("GRN011", "'x'", "by value");

    [Fact]
    public void A_generic_method_is_named() => Grain("Task Get<T>(T x)").HasOnly("GRN012", "IUserGrain.Get");

    [Fact]
    public void A_generic_interface_needs_a_closed_one_to_be_called_by() => new Snippet("""
        public interface IStore<T> : IGrainWithStringKey { Task<T> Get(); }
        """).HasOnly("GRN012", "IStore", "interface IStoreOfInt : IStore<int>");

    [Fact]
    public void A_generic_interface_with_a_closed_one_is_fine() => new Snippet("""
        public interface IStore<T> : IGrainWithStringKey { Task<T> Get(); Task Set(T value, CancellationToken ct = default); }
        public interface INumbers : IStore<int> { Task Clear(); }
        """).IsFine();

    [Fact]
    public void A_grain_class_implements_closed_interfaces() => new Snippet("""
        public interface IStore<T> : IGrainWithStringKey { Task<T> Get(); }
        public interface INumbers : IStore<int>;
        public sealed class Texts : Grain, IStore<string> { public Task<string> Get() => Task.FromResult(""); }
        """).HasOnly("GRN012", "IStore<string>", "interface ITexts");

    [Fact]
    public void A_generic_grain_class_is_named() => new Snippet("""
        public interface INumbers : IGrainWithStringKey { Task<int> Get(); }
        public class Store<T> : Grain, INumbers { public Task<int> Get() => Task.FromResult(1); }
        """).HasOnly("GRN012", "Store<T>", "abstract");

    [Fact]
    public void A_private_grain_is_named() => new Snippet("""
        public interface INumbers : IGrainWithStringKey { Task<int> Get(); }
        public static class Outer
        {
            private sealed class Numbers : Grain, INumbers { public Task<int> Get() => Task.FromResult(1); }
            private sealed class StandIn : INumbers { public Task<int> Get() => Task.FromResult(1); }
        }
        """).HasOnly("GRN009", "Outer.Numbers");

    [Fact]
    public void Two_cancellation_tokens_are_one_too_many() => Grain("Task Get(CancellationToken a, CancellationToken b)").HasOnly("GRN013", "IUserGrain.Get");

    [Fact]
    public void Two_methods_with_the_same_id_are_named() => new Snippet("""
        public interface IUserGrain : IGrainWithStringKey { [Id(7)] Task One(); [Id(7)] Task Two(); }
        """).HasOnly("GRN014", "One", "Two", "0x00000007");

    [Fact]
    public void A_property_is_named() => Grain("Task<int> Count { get; }").HasOnly("GRN015", "IUserGrain.Count");

    [Fact]
    public void A_service_is_a_grain() => new Snippet("""
        [RpcService("users")] public interface IUsers { Task Get(); }
        """).HasOnly("GRN016", "IUsers", "IGrainWithStringKey");

    [Theory]
    [InlineData("[RpcService(\"Users\")]", "lower-case")]
    [InlineData("[RpcService(\"\")]", "lower-case")]
    [InlineData("[RpcService(\"users\", Version = 0)]", "below 1")]
    [InlineData("[RpcService(\"users\", Package = \"Shop.Users\")]", "protobuf package")]
    public void A_service_has_a_name_and_version_that_fit_in_addresses(string attribute, string why) => new Snippet($$"""
        {{attribute}} public interface IUsersGrain : IGrainWithStringKey { Task Get(); }
        """).HasOnly("GRN017", why);

    [Fact]
    public void Overloads_of_an_exposed_method_need_names() => Service("Task Get(int id); Task Get(string name);").HasOnly("GRN018", "'Get'", "[RpcMethod(Name");

    [Fact]
    public void Overloads_with_names_are_fine() => Service("Task Get(int id); [RpcMethod(Name = \"GetByName\")] Task Get(string name);").IsFine();

    [Theory]
    [InlineData("2")]
    [InlineData("two seconds")]
    [InlineData("-1s")]
    [InlineData("0s")]
    [InlineData("1h")]
    public void A_deadline_is_a_number_with_a_unit(string deadline) => Service($"[RpcMethod(Deadline = \"{deadline}\")] Task Get();").HasOnly("GRN019", $"\"{deadline}\"", "500ms");

    [Theory]
    [InlineData("Latency = \"soon\"", "200ms")]
    [InlineData("Availability = 99.9", "0.999")]
    [InlineData("Availability = 1", "0.999")]
    [InlineData("", "promises nothing")]
    public void An_objective_is_a_duration_and_a_share(string promise, string why) =>
        new Snippet($$"""[RpcService("users")] [RpcObjective({{promise}})] public interface IUsersGrain : IGrainWithStringKey { Task Get(); }""").HasOnly("GRN030", why);

    [Theory]
    [InlineData("/users/{key}", "HTTP method")]
    [InlineData("FETCH /users/{key}", "FETCH")]
    [InlineData("POST users/{key}", "slash")]
    [InlineData("POST /users", "{key}")]
    [InlineData("POST /users/{key}/{what}", "{what}")]
    [InlineData("POST /users/{key}/{list}", "no scalar")]
    [InlineData("POST /users/{key}/x{name}", "mixes")]
    [InlineData("POST /users/{key}/{name}/{name}", "twice")]
    [InlineData("GET /users/{key}", "[ReadOnly]")]
    public void A_route_fits_its_method(string route, string why) => Service($"[RpcMethod(Http = \"{route}\")] Task Get(string name, List<int> list);").HasOnly("GRN020", why);

    [Fact]
    public void A_get_has_no_body() => Service("[ReadOnly, RpcMethod(Http = \"GET /users/{key}\")] Task Get(List<int> list);").HasOnly("GRN020", "'list'", "POST");

    [Fact]
    public void Two_methods_cannot_answer_the_same_route() =>
        Service("[ReadOnly, RpcMethod(Http = \"GET /users/{key}/{id}\")] Task One(int id); [ReadOnly, RpcMethod(Http = \"GET /users/{key}/{name}\")] Task Two(string name);")
            .HasOnly("GRN021", "One", "Two");

    [Fact]
    public void The_attribute_of_aspnet_names_ours() => Service("[Microsoft.AspNetCore.Authorization.Authorize] Task Get();").HasOnly("GRN022", "[RpcAuthorize]");

    [Fact]
    public void A_service_and_a_message_cannot_have_the_same_name() => new Snippet("""
        [GenerateSerializer] public sealed class Users { [Id(0)] public int Count { get; set; } }
        [RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { Task<Users> Get(); }
        """).HasOnly("GRN023", "shop.v1.Users");

    [Fact]
    public void Methods_of_the_same_name_in_two_services_get_messages_of_their_own()
    {
        var snippet = new Snippet("""
            [GenerateSerializer] public sealed class PlaceRequest { [Id(0)] public int Count { get; set; } }
            [RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { Task<int> Get(int x); }
            [RpcService("orders")] public interface IOrdersGrain : IGrainWithStringKey { Task<int> Get(int x); Task Place(PlaceRequest request); Task Drop(int x); }
            """);
        snippet.IsFine();
        var orders = snippet.Generated("IOrdersGrain_Service");
        Assert.Contains("\"OrdersGetRequest\"", orders, StringComparison.Ordinal);
        Assert.Contains("\"OrdersPlaceRequest\"", orders, StringComparison.Ordinal);
        Assert.Contains("\"DropRequest\"", orders, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Task Place(Order order, int x);", "only argument")]
    [InlineData("Task Place(Order? order);", "cannot be null")]
    [InlineData("Task Place(Numbered order);", "long")]
    [InlineData("Task Place(Twice order);", "more than one")]
    public void A_request_that_holds_the_key_stands_alone(string method, string why) => new Snippet($$"""
        [GenerateSerializer] public sealed class Order { [Id(0), RpcKey] public string Id { get; set; } = ""; }
        [GenerateSerializer] public sealed class Numbered { [Id(0), RpcKey] public long Id { get; set; } }
        [GenerateSerializer] public sealed class Twice { [Id(0), RpcKey] public string Id { get; set; } = ""; [Id(1), RpcKey] public string Other { get; set; } = ""; }
        [RpcService("orders")] public interface IOrdersGrain : IGrainWithStringKey { {{method}} }
        """).HasOnly("GRN024", why);

    [Fact]
    public void A_sunset_is_a_date() => Service("[Sunset(\"June 2027\")] Task Get();").HasOnly("GRN025", "June 2027", "yyyy-MM-dd");

    [Theory]
    [InlineData("Task Get(IUsersGrain other);", "grain reference")]
    [InlineData("Task<IUsersGrain> Get();", "grain reference")]
    [InlineData("Task Get(string key);", "key")]
    [InlineData("Task Get(RpcStream<int> numbers, int item);", "streamed item")]
    public void What_cannot_leave_the_cluster_is_named(string method, string why) => Service(method).HasOnly("GRN026", why);

    [Fact]
    public void A_method_is_open_or_closed() => Service("[RpcAuthorize, RpcAllowAnonymous] Task Get();").HasOnly("GRN027", "RpcAuthorize");

    [Fact]
    public void Two_interfaces_cannot_be_the_same_service() => new Snippet("""
        [RpcService("users", Package = "one")] public interface IUsersGrain : IGrainWithStringKey { Task Get(); }
        [RpcService("users", Package = "two")] public interface IPeopleGrain : IGrainWithStringKey { Task Get(); }
        """).HasOnly("GRN028", "IUsersGrain", "IPeopleGrain", "'users'");

    [Theory]
    [InlineData("Task Get(RpcStream<int> a, RpcStream<int> b);", "more than one")]
    [InlineData("Task Get(RpcStream<int>? a);", "cannot be null")]
    [InlineData("Task Get(RpcStream<string?> a);", "null objects")]
    public void A_streamed_argument_is_one_and_present(string method, string why) => Service(method).HasOnly("GRN029", why);

    private static Snippet Grain(string method) => new($$"""public interface IUserGrain : IGrainWithStringKey { {{method}}{{(method.EndsWith('}') ? "" : ";")}} }""");

    private static Snippet Service(string methods) => new($$"""[RpcService("users")] public interface IUsersGrain : IGrainWithStringKey { {{methods}} }""");
}
