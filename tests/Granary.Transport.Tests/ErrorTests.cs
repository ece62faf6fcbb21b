using System.Buffers;
using Granary.Codec;
using Granary.Engine;
using Granary.Engine.Transport;
using Granary.Rpc;
using Orleans.Storage;

namespace Granary.Transport.Tests;

public sealed class ErrorTests
{
    [Fact]
    public async Task An_exception_keeps_its_type_its_message_and_where_it_was_thrown()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var error = await Assert.ThrowsAsync<KeyNotFoundException>(() => one.ProbeOn(two).Fail("key", "no such key"));
        Assert.Equal("no such key", error.Message);
        Assert.Contains(nameof(ProbeGrain), error.ToString(), StringComparison.Ordinal);
        Assert.Contains(nameof(ProbeGrain), (string)error.Data[ErrorCodec.RemoteStackTrace]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_keeps_its_cause()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => one.ProbeOn(two).Fail("cause", "outer"));
        Assert.Equal("the cause", Assert.IsType<FormatException>(error.InnerException).Message);
    }

    [Fact]
    public async Task An_RpcException_keeps_code_reason_and_violations()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var error = await Assert.ThrowsAsync<RpcException>(() => one.ProbeOn(two).Fail("rpc", "nothing here"));
        Assert.Equal(StatusCode.NotFound, error.Code);
        Assert.Equal("nothing here", error.Message);
        Assert.Equal("NO_SUCH_THING", error.Reason);
        Assert.Equal([new FieldViolation("name", "unknown")], error.Violations);
    }

    [Fact]
    public async Task An_exception_that_cannot_be_made_from_its_message_keeps_type_name_and_message()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var error = await Assert.ThrowsAsync<RemoteException>(() => one.ProbeOn(two).Fail("odd", "seven"));
        Assert.Equal(typeof(OddException).FullName, error.OriginalType);
        Assert.Equal("seven", error.Message);
    }

    public static TheoryData<Exception> Kinds => new(
        new ArgumentNullException("number", "is needed"),
        new ArgumentException("wrong", "number"),
        new ObjectDisposedException("thing"),
        new OperationCanceledException("gone"),
        new TimeoutException("late"),
        new SiloUnavailableException("away"),
        new OrleansMessageRejectionException("no"),
        new LimitExceededException("full"),
        new ClientNotAvailableException("left"),
        new InconsistentStateException("changed"),
        new NotImplementedException("never"));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_error_comes_back_as_what_it_was(Exception error)
    {
        var copy = RoundTrip(error);
        Assert.IsType(error.GetType(), copy);
        Assert.Equal(error.Message, copy.Message);
    }

    [Fact]
    public void A_remote_exception_that_passes_on_stays_what_it_was()
    {
        var copy = Assert.IsType<RemoteException>(RoundTrip(RoundTrip(new OddException(1, "m"))));
        Assert.Equal(typeof(OddException).FullName, copy.OriginalType);
    }

    [Theory]
    [InlineData("System.Diagnostics.Process", "System.Diagnostics.Process")]
    [InlineData("System.String", "System.Private.CoreLib")]
    [InlineData("System.Exception, Evil", "System.Private.CoreLib")]
    [InlineData("System.Collections.Generic.List`1[[System.Exception]]", "System.Private.CoreLib")]
    [InlineData("System.Exception", "Evil")]
    [InlineData("", "")]
    public void A_type_that_is_no_exception_of_a_loaded_assembly_is_never_made(string type, string assembly)
    {
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(64));
        w.WriteTag(10);
        w.WriteString(type);
        w.WriteTag(18);
        w.WriteString(assembly);
        w.WriteTag(26);
        w.WriteString("text");
        var r = new WireReader(w.Written);
        Assert.Equal("text", Assert.IsType<RemoteException>(ErrorCodec.Read(ref r)).Message);
    }

    [Fact]
    public void Errors_inside_errors_without_end_are_refused()
    {
        var inner = Array.Empty<byte>();
        for (var i = 0; i < 200; i++)
        {
            var w = new WireWriter(ArrayPool<byte>.Shared.Rent(64));
            w.WriteTag(50);
            w.WriteBytes(inner);
            inner = w.Written.ToArray();
        }

        Assert.Throws<WireFormatException>(() =>
        {
            var r = new WireReader(inner);
            ErrorCodec.Read(ref r);
        });
    }

    private static Exception RoundTrip(Exception error)
    {
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(64));
        ErrorCodec.Write(ref w, error);
        var r = new WireReader(w.Written);
        return ErrorCodec.Read(ref r);
    }
}
