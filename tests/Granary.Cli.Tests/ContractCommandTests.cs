using Granary.Tests;

namespace Granary.Cli.Tests;

/// <summary>The commands that show what there is.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class ContractCommandTests(DevelopmentHost host)
{
    [Fact]
    public async Task List_has_every_service_with_its_versions()
    {
        var lines = (await Tool.RunAsync(host, "list")).Of(0).Split('\n');
        Assert.StartsWith("SERVICE", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, l => l.StartsWith("calculator ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("users ", StringComparison.Ordinal) && l.Contains("1, 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Describe_shows_signatures_addresses_and_types()
    {
        var text = (await Tool.RunAsync(host, "describe", "calculator")).Of(0);
        Assert.Contains("Multiply(a: double, b: double) -> double\n", text, StringComparison.Ordinal);
        Assert.Contains("RunningSum(stream double) -> stream double\n", text, StringComparison.Ordinal);
        Assert.Contains("  GET /calculator/{key}/divide\n", text, StringComparison.Ordinal);
        text = (await Tool.RunAsync(host, "describe", "orders")).Of(0);
        Assert.Contains("Place(account: string, lines: [OrderLine]) -> Order\n", text, StringComparison.Ordinal);
        Assert.Contains("  quantity: int32  How many", text, StringComparison.Ordinal);
        Assert.Contains("users/v2", (await Tool.RunAsync(host, "describe", "users/v2")).Of(0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_has_standard_and_other_addresses()
    {
        var text = (await Tool.RunAsync(host, "routes")).Of(0);
        Assert.Matches(@"POST +/rpc/calculator/\{key\}/Multiply +calculator Multiply", text);
        Assert.Matches(@"GET +/v2/users/\{key\} +users/v2 Get", text);
    }

    [Fact]
    public async Task Proto_prints_a_file_lists_them_and_writes_them_all()
    {
        Assert.Contains("service Calculator", (await Tool.RunAsync(host, "proto", "calculator")).Of(0), StringComparison.Ordinal);
        Assert.Contains("granary/samples/v1.proto", (await Tool.RunAsync(host, "proto")).Of(0), StringComparison.Ordinal);
        var directory = Directory.CreateTempSubdirectory("granary-proto-");
        try
        {
            (await Tool.RunAsync(host, "proto", "-o", directory.FullName)).Of(0);
            Assert.Contains("service Calculator", await File.ReadAllTextAsync(Path.Combine(directory.FullName, "granary/samples/v1.proto")), StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        (await Tool.RunAsync(host, "proto", "nothing")).Of(1);
    }

    [Fact]
    public async Task Shells_get_the_names_of_commands_services_and_methods()
    {
        Assert.Contains("call\n", (await Tool.RunAsync(host, "[suggest:2]", "ca")).Of(0), StringComparison.Ordinal);
        Assert.Contains("calculator\n", (await Tool.RunAsync(host, "[suggest:5]", "call ")).Of(0), StringComparison.Ordinal);
        var methods = (await Tool.RunAsync(host, "[suggest:18]", "call calculator a ")).Of(0);
        Assert.Contains("Multiply\n", methods, StringComparison.Ordinal);
        Assert.DoesNotContain("orders\n", methods, StringComparison.Ordinal);
        foreach (var shell in new[] { "bash", "zsh", "fish" }) Assert.Contains("[suggest:", (await Tool.RunAsync(null, "completion", shell)).Of(0), StringComparison.Ordinal);
        (await Tool.RunAsync(null, "completion", "tcsh")).Of(2);
    }
}
