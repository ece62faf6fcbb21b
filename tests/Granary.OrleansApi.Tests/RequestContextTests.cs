using Orleans.Runtime;
using Xunit;

namespace Granary.OrleansApi.Tests;

public sealed class RequestContextTests
{
    [Fact]
    public async Task A_value_flows_to_what_is_called_and_changes_do_not_come_back()
    {
        RequestContext.Set("user", "ann");

        await Task.Run(() =>
        {
            Assert.Equal("ann", RequestContext.Get("user"));
            RequestContext.Set("user", "bob");
            RequestContext.Set("extra", 1);
        });

        Assert.Equal("ann", RequestContext.Get("user"));
        Assert.Null(RequestContext.Get("extra"));
    }

    [Fact]
    public void Values_are_set_replaced_listed_and_removed()
    {
        RequestContext.Set("a", 1);
        RequestContext.Set("b", 2);
        RequestContext.Set("a", 3);

        Assert.Equal(["a", "b"], RequestContext.Keys.Order());
        Assert.Equal([3, 2], RequestContext.Entries.OrderBy(entry => entry.Key).Select(entry => entry.Value));
        Assert.True(RequestContext.Remove("a"));
        Assert.False(RequestContext.Remove("a"));
        Assert.Equal(2, RequestContext.Get("b"));

        RequestContext.Clear();

        Assert.Empty(RequestContext.Entries);
    }

    [Fact]
    public void A_listing_taken_before_a_change_does_not_see_it()
    {
        RequestContext.Set("a", 1);
        var before = RequestContext.Entries;
        RequestContext.Set("a", 2);

        Assert.Equal(1, Assert.Single(before).Value);
    }

    [Fact]
    public void Reentrancy_sections_nest_and_restore()
    {
        Assert.Equal(Guid.Empty, RequestContext.ReentrancyId);
        using (RequestContext.AllowCallChainReentrancy())
        {
            var id = RequestContext.ReentrancyId;
            Assert.NotEqual(Guid.Empty, id);
            using (RequestContext.AllowCallChainReentrancy())
                Assert.Equal(id, RequestContext.ReentrancyId);
            using (RequestContext.SuppressCallChainReentrancy())
                Assert.Equal(Guid.Empty, RequestContext.ReentrancyId);
            Assert.Equal(id, RequestContext.ReentrancyId);
        }

        Assert.Equal(Guid.Empty, RequestContext.ReentrancyId);
    }
}
