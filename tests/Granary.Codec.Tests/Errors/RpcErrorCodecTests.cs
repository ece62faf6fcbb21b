using Google.Protobuf;
using Granary.Codec.Tests.Protoc;
using Granary.Codec.Tests.Support;
using Granary.Rpc;
using Protobuf = Google.Protobuf.WellKnownTypes;

namespace Granary.Codec.Tests.Errors;

/// <summary>An error on the wire, judged by protoc's code for <c>google.rpc.Status</c>.</summary>
public sealed class RpcErrorCodecTests
{
    private static readonly RpcException s_error = new(StatusCode.InvalidArgument, "2 fields are wrong", new InvalidOperationException("stays here"))
    {
        Violations = [new FieldViolation("lines[2].quantity", "between 1 and 10"), new FieldViolation("email", "")],
        Reason = "ORDER_INVALID",
        Metadata = new Dictionary<string, string> { ["order"] = "42", ["€"] = "" },
        RetryAfter = TimeSpan.FromSeconds(1.5),
    };

    [Fact]
    public void It_is_a_google_rpc_Status_with_its_details()
    {
        var status = Status.Parser.ParseFrom(RpcErrorCodec.Encode(s_error));

        Assert.Equal(3, status.Code);
        Assert.Equal("2 fields are wrong", status.Message);
        Assert.Equal(["type.googleapis.com/google.rpc.BadRequest", "type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.RetryInfo"], status.Details.Select(d => d.TypeUrl));
        var violations = status.Details[0].Unpack<BadRequest>().FieldViolations;
        Assert.Equal(["lines[2].quantity", "email"], violations.Select(v => v.Field));
        Assert.Equal(["between 1 and 10", ""], violations.Select(v => v.Description));
        var info = status.Details[1].Unpack<ErrorInfo>();
        Assert.Equal(("ORDER_INVALID", "granary"), (info.Reason, info.Domain));
        Assert.Equal("42", info.Metadata["order"]);
        Assert.Equal(TimeSpan.FromSeconds(1.5), status.Details[2].Unpack<RetryInfo>().RetryDelay.ToTimeSpan());
    }

    [Fact]
    public void Everything_but_stack_and_inner_exception_crosses()
    {
        var back = RpcErrorCodec.Decode(RpcErrorCodec.Encode(s_error));

        Assert.Equal(s_error.Code, back.Code);
        Assert.Equal(s_error.Message, back.Message);
        Assert.Equal(s_error.Violations, back.Violations);
        Assert.Equal(s_error.Reason, back.Reason);
        Assert.Equal(s_error.Metadata.OrderBy(p => p.Key), back.Metadata.OrderBy(p => p.Key));
        Assert.Equal(s_error.RetryAfter, back.RetryAfter);
        Assert.Null(back.InnerException);
        Assert.Null(back.StackTrace);
    }

    [Fact]
    public void An_error_of_code_and_message_only_is_as_small_as_protoc_makes_it()
    {
        var ours = RpcErrorCodec.Encode(new RpcException(StatusCode.Unavailable, "away"));
        Assert.Equal(new Status { Code = 14, Message = "away" }.ToByteArray(), ours);
        Assert.Equal([8, 14], RpcErrorCodec.Encode(new RpcException(StatusCode.Unavailable, "")));
    }

    [Fact]
    public void Details_of_other_types_and_codes_of_another_day_do_no_harm()
    {
        var status = new Status { Code = 99, Message = "from the future" };
        status.Details.Add(Protobuf.Any.Pack(new Protobuf.Duration { Seconds = 1 }));
        status.Details.Add(Protobuf.Any.Pack(new ErrorInfo { Reason = "KNOWN" }));
        status.Details.Add(new Protobuf.Any());

        var back = RpcErrorCodec.Decode(status.ToByteArray());
        Assert.Equal(StatusCode.Unknown, back.Code);
        Assert.Equal("KNOWN", back.Reason);
        Assert.Equal(StatusCode.Unknown, RpcErrorCodec.Decode([]).Code);
    }

    [Fact]
    public void An_error_is_never_a_success() => Assert.Equal(StatusCode.Unknown, new RpcException(StatusCode.Ok, "?").Code);

    [Fact]
    public void An_errors_lists_are_its_own()
    {
        var violations = new List<FieldViolation> { new("a", "b") };
        var metadata = new Dictionary<string, string> { ["k"] = "v" };
        var error = new RpcException(StatusCode.Aborted, "x") { Violations = violations, Metadata = metadata };
        violations.Clear();
        metadata.Clear();

        Assert.Single(error.Violations);
        Assert.Single(error.Metadata);
    }

    [Fact]
    public void Any_text_crosses() => ForAll.Cases(AnyValue.Text, text =>
        Assert.Equal(text, RpcErrorCodec.Decode(RpcErrorCodec.Encode(new RpcException(StatusCode.Aborted, text) { Reason = text })).Message));
}
