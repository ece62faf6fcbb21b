namespace Granary.Dashboard.Tests;

/// <summary>
/// The page in Chromium against a live cluster. Every case fails on an error in the browser's console, on a violation of the page's policy, and on a request that goes anywhere but to the host.
/// The pictures of docs/images/dashboard are made by <c>SCREENSHOTS=docs/images/dashboard ./test Dashboard</c>.
/// </summary>
[Collection(LiveClusterCollection.Name)]
public sealed class BrowserTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("every_view_passes_axe_in_the_light")]
    [InlineData("every_view_passes_axe_in_the_dark_on_a_phone_of_360_pixels")]
    [InlineData("everything_is_reached_by_keyboard")]
    [InlineData("a_call_is_made_from_the_form")]
    [InlineData("a_stream_comes_line_by_line_and_is_stopped")]
    [InlineData("a_refused_call_says_why")]
    [InlineData("a_grain_is_found_and_followed")]
    [InlineData("a_level_is_set_and_removed")]
    [InlineData("log_lines_are_filtered_by_trace")]
    [InlineData("a_wrong_token_is_refused_with_a_reason")]
    [InlineData("a_token_without_the_role_is_refused_with_a_reason")]
    [InlineData("a_token_leaves_the_address_bar")]
    [InlineData("a_cut_feed_is_said_and_comes_back")]
    [InlineData("five_hundred_methods_are_few_rows")]
    [InlineData("what_the_cluster_says_is_never_markup")]
    public Task In_the_browser(string name) => cluster.RunAsync(name);

    [Fact]
    public async Task A_silo_that_dies_is_seen_to_be_dead()
    {
        await cluster.RunAsync("a_page_is_opened_that_sees_every_silo");
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 })
        {
            foreach (var picture in (string[])["desktop_light", "desktop_dark", "phone_light", "phone_dark"]) await cluster.RunAsync($"pictures_{picture}");
        }

        await cluster.KillASiloAsync();
        await cluster.RunAsync("that_page_shows_the_death");
        await cluster.RunAsync("every_view_shows_what_the_cluster_does");
    }
}
