using System.Buffers;
using Granary.Calls;
using Granary.Codec;
using Granary.Generated.Granary_Generators_Tests;
using Granary.Generators.Tests.Contracts;
using Granary.Generators.Tests.Support;
using Orleans.Runtime;

namespace Granary.Generators.Tests;

/// <summary>Generated calls: their identity, and their arguments on the wire, in filters and in isolation. That they run is the engine's tests' business.</summary>
public sealed class GeneratedCallTests
{
    private static readonly CallPart s_part = new GrainPart();

    [Fact]
    public void The_part_names_every_interface_and_grain()
    {
        Assert.Contains(s_part.Interfaces, i => i.Type == typeof(IInternalGrain));
        Assert.Contains(s_part.Interfaces, i => i.Type == typeof(IListener));
        Assert.Contains(s_part.Interfaces, i => i.Type == typeof(ICounted));
        Assert.Contains(typeof(InternalGrain), s_part.GrainClasses);
        Assert.Contains(Assembly().GetCustomAttributesData(), a => a.AttributeType == typeof(CallPartAttribute) && (Type)a.ConstructorArguments[0].Value! == typeof(GrainPart));
    }

    [Fact]
    public void Parts_of_referenced_assemblies_are_named_again() =>
        Assert.Contains(Assembly().GetCustomAttributesData(), a => a.AttributeType == typeof(CallPartAttribute) && ((Type)a.ConstructorArguments[0].Value!).Assembly == typeof(Call).Assembly);

    [Fact]
    public void Method_ids_are_the_same_in_every_build()
    {
        Assert.Equal(0x99911773u, Method(typeof(IThingsGrain), "Sum").Id);
        Assert.Equal(2, Interface(typeof(IInternalGrain)).Methods.Where(m => m.Name == "Poke").Select(m => m.Id).Distinct().Count());
        Assert.Equal(Method(typeof(ICounted), "Counts").Id, Method(typeof(IThingsGrain), "Counts").Id);
    }

    [Fact]
    public void Attributes_become_flags()
    {
        Assert.Equal(CallFlags.ReadOnly, Method(typeof(IThingsGrain), "Sum").Flags);
        Assert.Equal(CallFlags.Idempotent, Method(typeof(IThingsGrain), "Save").Flags);
        Assert.Equal(CallFlags.OneWay, Method(typeof(IThingsGrain), "Forget").Flags);
        Assert.Equal(CallFlags.Stream, Method(typeof(IThingsGrain), "Walk").Flags);
        Assert.Equal(CallFlags.OneWay, Method(typeof(IListener), "Heard").Flags);
        var poke = Interface(typeof(IInternalGrain)).Methods.Single(m => m is { Name: "Poke", ResponseTimeoutMs: > 0 });
        Assert.Equal((CallFlags.AlwaysInterleave, 7000), (poke.Flags, poke.ResponseTimeoutMs));
    }

    [Fact]
    public void Arguments_survive_the_wire()
    {
        var method = Interface(typeof(IInternalGrain)).Methods.Single(m => m is { Name: "Poke", ResponseTimeoutMs: > 0 });
        var call = method.CreateCall();
        call.SetArgument(0, new Circle { Radius = 1, Marks = [7] });
        call.SetArgument(1, new Page<int> { Items = [1] });
        call.SetArgument(2, new byte[] { 9 });
        call.SetArgument(3, GrainId.Create("a", "b"));
        var read = method.CreateCall();
        Transfer(call, read);
        Assert.Equal(4, read.ArgumentCount);
        Assert.Equal([7], ((Circle)read.GetArgument(0)!).Marks);
        Assert.Equal([1], ((Page<int>)read.GetArgument(1)!).Items);
        Assert.Equal(new byte[] { 9 }, read.GetArgument(2));
        Assert.Equal(GrainId.Create("a", "b"), read.GetArgument(3));
    }

    [Fact]
    public void An_argument_that_equals_zero_is_not_taken_for_its_default()
    {
        var method = Method(typeof(IThingsGrain), "Sum");
        var call = method.CreateCall();
        call.SetArgument(0, 0);
        call.SetArgument(1, 0);
        var read = method.CreateCall();
        Transfer(call, read);
        Assert.Equal((0, 0), (read.GetArgument(0), read.GetArgument(1)));
    }

    [Fact]
    public void Isolation_copies_what_can_change_and_nothing_else()
    {
        var call = Method(typeof(IThingsGrain), "Save").CreateCall();
        var (person, point) = (new Person("Ann", 1), new Point(1, 2));
        List<Point> points = [point];
        call.SetArgument(0, person);
        call.SetArgument(1, points);
        call.IsolateArguments();
        Assert.NotSame(person, call.GetArgument(0));
        Assert.NotSame(points, call.GetArgument(1));
        Assert.Same(point, ((List<Point>)call.GetArgument(1)!)[0]);

        call = Method(typeof(IThingsGrain), "Keep").CreateCall();
        List<int> kept = [1];
        call.SetArgument(0, kept);
        call.IsolateArguments();
        Assert.Same(kept, call.GetArgument(0));
    }

    [Fact]
    public void A_request_that_holds_the_key_is_the_same_bytes_inside_the_cluster()
    {
        var call = Method(typeof(IParcelsGrain), "Send").CreateCall();
        var parcel = new Parcel { Number = 5, To = "x" };
        call.SetArgument(0, parcel);
        Assert.Equal(Codecs.ToBytes(parcel), Bytes(call));
    }

    [Fact]
    public void An_argument_out_of_range_is_refused()
    {
        var call = Method(typeof(IThingsGrain), "Sum").CreateCall();
        Assert.Throws<ArgumentOutOfRangeException>(() => call.GetArgument(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => call.SetArgument(-1, null));
    }

    private static System.Reflection.Assembly Assembly() => typeof(GeneratedCallTests).Assembly;

    private static CallInterface Interface(Type type) => s_part.Interfaces.Single(i => i.Type == type);

    private static CallMethod Method(Type type, string name) => Interface(type).Methods.Single(m => m.Name == name);

    private static byte[] Bytes(Call call)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(16));
        call.WriteArguments(ref writer);
        return writer.Written.ToArray();
    }

    private static void Transfer(Call from, Call to)
    {
        var reader = new WireReader(Bytes(from));
        to.ReadArguments(ref reader);
    }
}
