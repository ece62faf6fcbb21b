using System.Buffers;
using Google.Protobuf;
using Granary.Codec;
using Granary.Contracts.Tests.Support;
using Granary.Generators.Tests.Support;
using Granary.Rpc.Catalog;

namespace Granary.Contracts.Tests;

/// <summary>Clients that protoc compiled before and after a contract grew, against services of the other day.</summary>
public sealed class VersionTests
{
    [Fact]
    public async Task An_old_client_calls_a_new_service()
    {
        var grain = new LaterPeople();
        var reply = await CallAsync<IPeopleAfterGrain>(grain, new Before.SaveRequest { Key = "k", Person = new() { Name = "Ada", Age = 36 } });

        // What the client does not know of is absent, or has its default.
        Assert.Equal(("Ada", 36, MoodAfter.Calm, null), (grain.Seen!.Name, grain.Seen.Age, grain.Seen.Mood, grain.Seen.Email));
        Assert.Equal(3, grain.Times);

        // What the client does not know of does not disturb it, and stays in what it sends back.
        var person = Before.Person.Parser.ParseFrom(reply);
        Assert.Equal(("Ada", 37), (person.Name, person.Age));
        Assert.Equal(1, (int)person.Mood);
        var back = After.Person.Parser.ParseFrom(person.ToByteArray());
        Assert.Equal(("a@b.c", After.Mood.Merry), (back.Email, back.Mood));
        Assert.Equal(["first"], back.Tags);
    }

    [Fact]
    public async Task A_new_client_calls_an_old_service()
    {
        var grain = new EarlierPeople();
        var request = new After.SaveRequest { Key = "k", Times = 9, Person = new() { Name = "Ada", Age = 36, Mood = After.Mood.Merry, Email = "a@b.c", Tags = { "first" } } };
        var person = After.Person.Parser.ParseFrom(await CallAsync<IPeopleBeforeGrain>(grain, request));
        Assert.Equal(("Ada", 36), (grain.Seen!.Name, grain.Seen.Age));

        // A value that the service has no name for comes back as it was sent; members that it has not are absent.
        Assert.Equal(("Ada", 36, After.Mood.Merry), (person.Name, person.Age, person.Mood));
        Assert.False(person.HasEmail);
        Assert.Empty(person.Tags);
    }

    private static async Task<byte[]> CallAsync<TGrain>(object grain, IMessage message)
    {
        var method = RpcParts.All().SelectMany(p => p.Services).Single(s => s.InterfaceType == typeof(TGrain)).Methods.Single();
        var request = method.CreateRequest();
        Read(request, message.ToByteArray());
        await request.InvokeAsync(FakeGrains.Of(grain).Factory, default);
        return Reply(request);
    }

    private static void Read(RpcRequest request, byte[] bytes)
    {
        var reader = new WireReader(bytes);
        request.Read(ref reader);
    }

    private static byte[] Reply(RpcRequest request)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(64));
        request.WriteResult(ref writer);
        return writer.Written.ToArray();
    }

    private sealed class EarlierPeople : IPeopleBeforeGrain
    {
        public PersonBefore? Seen { get; private set; }

        public Task<PersonBefore> Save(PersonBefore person) => Task.FromResult(Seen = person);
    }

    private sealed class LaterPeople : IPeopleAfterGrain
    {
        public PersonAfter? Seen { get; private set; }

        public int Times { get; private set; }

        public Task<PersonAfter> Save(PersonAfter person, int times = 3)
        {
            (Seen, Times) = (person, times);
            return Task.FromResult(person with { Age = person.Age + 1, Mood = MoodAfter.Merry, Email = "a@b.c", Tags = ["first"] });
        }
    }
}
