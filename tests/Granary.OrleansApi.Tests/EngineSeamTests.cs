using NSubstitute;
using Orleans;
using Orleans.Core.Internal;
using Orleans.Runtime;
using Xunit;

namespace Granary.OrleansApi.Tests;

/// <summary>What the engine relies on and users do not see.</summary>
public sealed class EngineSeamTests
{
    [Fact]
    public void A_context_that_carries_nothing_is_no_object()
    {
        Assert.Null(RequestContextData.Create(null, RequestContextData.NoDeadline, Guid.Empty));
        Assert.Null(RequestContextData.Empty.With("a", 1).Without("a"));
        Assert.Null(RequestContextData.FromDictionary([]));

        RequestContext.Set("a", 1);
        RequestContext.Remove("a");

        Assert.Null(RequestContext.Current);
    }

    [Fact]
    public void A_change_makes_a_new_context_and_leaves_the_exported_one()
    {
        RequestContext.Set("a", 1);
        var exported = RequestContext.Current!;
        RequestContext.Set("a", 2);
        RequestContext.Set("b", 3);

        Assert.Equal(1, exported.Get("a"));
        Assert.Equal(1, exported.Count);
        Assert.Equal(2, RequestContext.Get("a"));
    }

    [Fact]
    public void Clearing_the_values_does_not_shed_the_deadline_or_the_call_chain()
    {
        var chain = Guid.NewGuid();
        RequestContext.Current = RequestContextData.Create([new("a", 1)], deadlineMs: 42, chain);

        RequestContext.Clear();

        Assert.Equal(42, RequestContext.Current!.DeadlineMs);
        Assert.Equal(chain, RequestContext.ReentrancyId);
        Assert.Empty(RequestContext.Keys);
        Assert.Equal(42, RequestContext.Current.With("b", 2).WithReentrancyId(Guid.Empty)!.DeadlineMs);
        Assert.Null(RequestContext.Current.WithReentrancyId(Guid.Empty)!.WithDeadline(RequestContextData.NoDeadline));
    }

    [Fact]
    public void A_grain_takes_the_context_under_which_it_is_constructed()
    {
        var context = Substitute.For<IGrainContext>();
        context.GrainId.Returns(GrainId.Create("plain", "7"));
        ActivationScope.Current = context;
        try
        {
            var grain = new Plain();

            Assert.Same(context, grain.GrainContext);
            Assert.Equal("7", grain.GetPrimaryKeyString());
            Assert.Equal("plain/7", grain.IdentityString);
        }
        finally
        {
            ActivationScope.Current = null;
        }
    }

    [Fact]
    public void A_reentrant_section_is_told_to_the_grain_whose_turn_it_is_also_when_nested()
    {
        var context = Substitute.For<IGrainContext, ICallChainReentrantGrainContext>();
        var reentrant = (ICallChainReentrantGrainContext)context;
        var turn = Environment.CurrentManagedThreadId;
        ActivationScope.FindRunning = () => Environment.CurrentManagedThreadId == turn ? context : null;
        try
        {
            Guid id;
            using (RequestContext.AllowCallChainReentrancy())
            {
                id = RequestContext.ReentrancyId;
                using (RequestContext.AllowCallChainReentrancy())
                    reentrant.Received(2).OnEnterReentrantSection(id);
                reentrant.Received(1).OnExitReentrantSection(id);
            }

            reentrant.Received(2).OnExitReentrantSection(id);
        }
        finally
        {
            ActivationScope.FindRunning = null;
        }
    }

    [Fact]
    public void A_reference_of_no_cluster_says_so_when_cast()
    {
        var reference = new GrainReference(GrainId.Create("t", "k"), GrainInterfaceType.Create("i"));

        var error = Assert.Throws<GrainReferenceNotBoundException>(() => reference.AsReference<IGrainWithStringKey>());

        Assert.Contains("IGrainFactory", error.Message, StringComparison.Ordinal);
        Assert.Equal(reference, new GrainReference(reference.GrainId, default));
        Assert.Same(reference, reference.Cast<IAddressable>());
    }

    private sealed class Plain : Grain;
}
