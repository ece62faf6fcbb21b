using Granary.Rpc;

namespace Granary.Codec.Tests.Errors
{
    public sealed class RpcStatusTests
    {
        public static TheoryData<StatusCode> Codes => new(Enum.GetValues<StatusCode>());

        [Theory]
        [MemberData(nameof(Codes))]
        public void Every_code_has_names_that_lead_back_to_it_and_an_HTTP_status(StatusCode code)
        {
            Assert.True(RpcStatus.TryParse(RpcStatus.Name(code), out var byName));
            Assert.True(RpcStatus.TryParse(RpcStatus.ConnectName(code), out var byConnectName));
            Assert.Equal(code, byName);
            Assert.Equal(code, byConnectName);
            Assert.InRange(RpcStatus.ToHttp(code), 200, 599);
            Assert.Equal(code == StatusCode.Ok, RpcStatus.ToHttp(code) == 200);
        }

        [Fact]
        public void The_tables_are_those_of_the_specifications()
        {
            Assert.Equal(400, RpcStatus.ToHttp(StatusCode.InvalidArgument));
            Assert.Equal(429, RpcStatus.ToHttp(StatusCode.ResourceExhausted));
            Assert.Equal(499, RpcStatus.ToHttp(StatusCode.Cancelled));
            Assert.Equal(504, RpcStatus.ToHttp(StatusCode.DeadlineExceeded));
            Assert.Equal("canceled", RpcStatus.ConnectName(StatusCode.Cancelled));
            Assert.Equal("CANCELLED", RpcStatus.Name(StatusCode.Cancelled));
            Assert.Equal(StatusCode.Unavailable, RpcStatus.FromHttp(502));
            Assert.Equal(StatusCode.Unimplemented, RpcStatus.FromHttp(404));
            Assert.Equal(StatusCode.Unknown, RpcStatus.FromHttp(418));
            Assert.Equal(StatusCode.Ok, RpcStatus.FromHttp(204));
        }

        [Fact]
        public void A_number_that_is_no_code_is_treated_as_unknown()
        {
            Assert.Equal(500, RpcStatus.ToHttp((StatusCode)99));
            Assert.Equal("UNKNOWN", RpcStatus.Name((StatusCode)(-1)));
            Assert.False(RpcStatus.TryParse("NO_SUCH", out _));
        }

        [Fact]
        public void Exceptions_have_codes_and_keep_their_secrets()
        {
            const string Secret = "10.1.2.3:11111 password=hunter2";
            Assert.Equal(StatusCode.NotFound, Code(new RpcException(StatusCode.NotFound, "no such user")));
            Assert.Equal(StatusCode.DeadlineExceeded, Code(new TimeoutException(Secret)));
            Assert.Equal(StatusCode.Cancelled, Code(new TaskCanceledException(Secret)));
            Assert.Equal(StatusCode.InvalidArgument, Code(new JsonFieldException("a", "missing")));
            Assert.Equal(StatusCode.InvalidArgument, Code(new WireFormatException("cut", 3)));
            Assert.Equal(StatusCode.ResourceExhausted, Code(new Orleans.Invented.LimitExceededException(Secret)));
            Assert.Equal(StatusCode.Unavailable, Code(new Orleans.Invented.DerivedFromSiloUnavailable(Secret)));
            Assert.Equal(StatusCode.Aborted, Code(new Orleans.Invented.InconsistentStateException(Secret)));
            Assert.Equal(StatusCode.Internal, Code(new Invented.LimitExceededException(Secret)));
            Assert.Equal(StatusCode.Internal, Code(new InvalidOperationException(Secret)));
            Assert.Equal(StatusCode.DeadlineExceeded, Code(new AggregateException(new TimeoutException(Secret))));
            Assert.Equal((StatusCode.Internal, "internal error"), RpcStatus.Describe(new InvalidOperationException(Secret)));

            static StatusCode Code(Exception exception)
            {
                var (code, message) = RpcStatus.Describe(exception);
                Assert.DoesNotContain(Secret, message, StringComparison.Ordinal);
                var rpc = RpcStatus.ToRpcException(exception);
                Assert.Equal((code, message), (rpc.Code, rpc.Message));
                return code;
            }
        }

        [Fact]
        public void A_field_that_does_not_fit_is_a_violation_of_that_field()
        {
            var error = RpcStatus.ToRpcException(new JsonFieldException("lines[2].quantity", "an integer is expected, not null"));
            Assert.Equal(new FieldViolation("lines[2].quantity", "an integer is expected, not null"), Assert.Single(error.Violations));
        }
    }
}

namespace Orleans.Invented
{
    internal sealed class LimitExceededException(string message) : Exception(message);

    internal class SiloUnavailableException(string message) : Exception(message);

    internal sealed class DerivedFromSiloUnavailable(string message) : SiloUnavailableException(message);

    internal sealed class InconsistentStateException(string message) : Exception(message);
}

namespace Invented
{
    internal sealed class LimitExceededException(string message) : Exception(message);
}
