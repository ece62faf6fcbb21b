using Granary.Rpc;
using Orleans;

namespace Granary.Contracts.Tests.Support;

/// <summary>A contract on its first day.</summary>
[RpcService("people", Package = "people.before")]
public interface IPeopleBeforeGrain : IGrainWithStringKey
{
    Task<PersonBefore> Save(PersonBefore person);
}

/// <summary>The same contract later: members and an argument were added.</summary>
[RpcService("people", Package = "people.after", Version = 2)]
public interface IPeopleAfterGrain : IGrainWithStringKey
{
    Task<PersonAfter> Save(PersonAfter person, int times = 3);
}

public enum MoodBefore
{
    Calm = 0,
}

public enum MoodAfter
{
    Calm = 0,
    Merry = 1,
}

[GenerateSerializer]
public sealed record PersonBefore([property: Id(0)] string Name, [property: Id(1)] int Age, [property: Id(2)] MoodBefore Mood);

[GenerateSerializer]
public sealed record PersonAfter(
    [property: Id(0)] string Name, [property: Id(1)] int Age, [property: Id(2)] MoodAfter Mood, [property: Id(3)] string? Email = null, [property: Id(4)] List<string>? Tags = null);
