using Granary.Rpc;

namespace Granary.Samples.Tests;

[Collection(SampleClusterCollection.Name)]
public sealed class GreeterTests(SampleCluster cluster)
{
    [Fact]
    public async Task Hello_names_the_person_of_the_key()
    {
        var name = SampleCluster.Key("ada");
        Assert.Equal($"Hello, {name}!", await cluster.Grains.GetGrain<IGreeterGrain>(name).Hello());
    }

    [Fact]
    public async Task A_greeting_names_the_caller_that_the_gateway_authenticated()
    {
        var greeter = cluster.Grains.GetGrain<IGreeterGrain>(SampleCluster.Key("ada"));
        using (As.User("bob"))
        {
            var greeting = await greeter.Greet("good morning");
            Assert.Equal("bob", greeting.From);
            Assert.EndsWith(", bob says good morning", greeting.Text);
            Assert.Equal(1, greeting.Count);
        }

        Assert.Null((await greeter.Greet()).From);
        Assert.Equal(3, (await greeter.Greet()).Count);
    }

    [Fact]
    public async Task A_message_that_is_too_long_is_refused()
    {
        var greeter = cluster.Grains.GetGrain<IGreeterGrain>(SampleCluster.Key("ada"));
        var error = await Assert.ThrowsAsync<RpcException>(() => greeter.Greet(new string('x', 201)));
        Assert.Equal("message", Assert.Single(error.Violations).Field);
    }
}
