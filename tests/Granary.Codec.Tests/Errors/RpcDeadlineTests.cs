using Granary.Rpc;

namespace Granary.Codec.Tests.Errors;

public sealed class RpcDeadlineTests
{
    [Fact]
    public void There_is_none_to_begin_with()
    {
        Assert.Equal(0, RpcDeadline.Current);
        Assert.Null(RpcDeadline.Remaining);
    }

    [Fact]
    public void A_nested_deadline_only_shrinks()
    {
        using (RpcDeadline.Within(TimeSpan.FromMinutes(1)))
        {
            var outer = RpcDeadline.Current;
            using (RpcDeadline.Within(TimeSpan.FromHours(1))) Assert.Equal(outer, RpcDeadline.Current);
            using (RpcDeadline.Within(Timeout.InfiniteTimeSpan)) Assert.Equal(outer, RpcDeadline.Current);
            using (RpcDeadline.Within(TimeSpan.MaxValue)) Assert.Equal(outer, RpcDeadline.Current);
            using (RpcDeadline.Within(TimeSpan.FromSeconds(1))) Assert.True(RpcDeadline.Current < outer);
            Assert.Equal(outer, RpcDeadline.Current);
            Assert.InRange(RpcDeadline.Remaining!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        }

        Assert.Equal(0, RpcDeadline.Current);
    }

    [Fact]
    public void A_deadline_that_passed_leaves_no_time_rather_than_less()
    {
        using (RpcDeadline.Within(TimeSpan.FromMinutes(1)))
        {
            RpcDeadline.Current = Environment.TickCount64 - 1000;
            Assert.Equal(TimeSpan.Zero, RpcDeadline.Remaining);
        }
    }

    [Fact]
    public void A_negative_time_is_a_mistake() => Assert.Throws<ArgumentOutOfRangeException>(() => RpcDeadline.Within(TimeSpan.FromSeconds(-2)));

    [Fact]
    public async Task It_flows_into_what_is_called_and_not_back()
    {
        using (RpcDeadline.Within(TimeSpan.FromMinutes(1)))
        {
            var outer = RpcDeadline.Current;
            await Callee();
            Assert.Equal(outer, RpcDeadline.Current);

            async Task Callee()
            {
                await Task.Yield();
                Assert.Equal(outer, RpcDeadline.Current);
                RpcDeadline.Current = 5;
            }
        }
    }
}
