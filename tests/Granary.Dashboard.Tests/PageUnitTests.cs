using Granary.Interop.Tests;

namespace Granary.Dashboard.Tests;

/// <summary>The parts of the page that need no browser, in node.</summary>
[Collection(PageBuildCollection.Name)]
public sealed class PageUnitTests
{
    [Theory]
    [InlineData("events_are_read_whatever_pieces_they_come_in")]
    [InlineData("a_graph_is_laid_out_without_overlaps_whatever_circles_it_has")]
    [InlineData("an_objective_is_missed_by_what_is_late_or_the_services_fault")]
    [InlineData("numbers_have_their_units")]
    [InlineData("a_line_for_a_shell_survives_quotes")]
    [InlineData("waits_for_a_lost_host_grow_and_differ")]
    public Task In_node(string name) => Npm.RunAsync(ForeignClient.Folder, "node", "units.mjs", name);
}
