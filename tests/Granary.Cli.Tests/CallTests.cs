using System.Text.Json;
using Granary.Tests;

namespace Granary.Cli.Tests;

[Collection(DevelopmentHostCollection.Name)]
public sealed class CallTests(DevelopmentHost host)
{
    [Fact]
    public async Task Seven_times_eight_is_56()
    {
        Assert.Equal("56\n", (await Tool.RunAsync(host, "call", "calculator", "a", "Multiply", """{"a":7,"b":8}""")).Of(0));
        Assert.Equal("56\n", (await Tool.RunAsync(host, "call", "calculator", "a", "Multiply", "a=7", "b=8")).Of(0));
        await using var tool = Tool.Start(host, [], "call", "calculator", "a", "Multiply", "-");
        await tool.Input.WriteAsync("""{"a":7,"b":8}""");
        tool.Input.Close();
        Assert.Equal("56\n", (await tool.EndAsync()).Of(0));
    }

    [Fact]
    public async Task An_object_is_indented_and_raw_it_is_as_it_came()
    {
        (await Tool.RunAsync(host, "call", "users/v2", "cli-user", "Register", """user={"displayName":"Cli \u00fc\u001b[31m","email":"cli@example.com"}""")).Of(0);
        var pretty = (await Tool.RunAsync(host, "call", "users/v2", "cli-user", "Get")).Of(0);
        Assert.Contains("\n  \"", pretty, StringComparison.Ordinal);
        Assert.Contains("\u00fc", pretty, StringComparison.Ordinal);

        // Nothing that a user wrote steers the terminal, and a file gets no colours.
        Assert.DoesNotContain('\u001b', pretty);
        var raw = (await Tool.RunAsync(host, "call", "users/v2", "cli-user", "Get", "--raw")).Of(0);
        Assert.DoesNotContain('\n', raw);
        Assert.Equal(JsonSerializer.Serialize(JsonDocument.Parse(raw)), JsonSerializer.Serialize(JsonDocument.Parse(pretty)));
    }

    [Fact]
    public async Task A_stream_comes_line_by_line_and_an_interrupt_ends_it()
    {
        await using var tool = Tool.Start(host, [], "call", "calculator", "a", "Primes", "from=10");
        Assert.Equal("11", await tool.LineAsync());
        Assert.Equal("13", await tool.LineAsync());
        tool.Interrupt();
        Assert.Equal(130, (await tool.EndAsync()).Code);
    }

    [Fact]
    public async Task Items_are_read_from_the_input_and_answered_as_they_come()
    {
        await using var tool = Tool.Start(host, [], "call", "calculator", "a", "RunningSum");
        foreach (var (item, sum) in new[] { ("1", "1"), ("2", "3"), ("3.5", "6.5") })
        {
            await tool.Input.WriteLineAsync(item);
            await tool.Input.FlushAsync();
            Assert.Equal(sum, await tool.LineAsync());
        }

        tool.Input.Close();
        Assert.Equal("", (await tool.EndAsync()).Of(0));
    }

    [Fact]
    public async Task A_call_that_fails_says_why_and_exits_with_1()
    {
        var ended = await Tool.RunAsync(host, "call", "calculator", "a", "Divide", "a=1", "b=0");
        Assert.Equal("", ended.Of(1));
        Assert.StartsWith("INVALID_ARGUMENT: b: ", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("  trace ", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_within_a_stream_exits_with_1()
    {
        await using var tool = Tool.Start(host, [], "call", "calculator", "a", "RunningSum");
        await tool.Input.WriteAsync("1\nx\n");
        tool.Input.Close();
        var ended = await tool.EndAsync();
        Assert.Equal("1\n", ended.Of(1));
        Assert.Contains("item 2", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_token_it_says_where_to_get_one()
    {
        var ended = await Tool.RunAsync(null, "call", "calculator", "a", "Multiply", "a=1", "b=1", "--url", host.Address.ToString());
        ended.Of(1);
        Assert.Contains("GRANARY_TOKEN", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deadline_can_be_given()
    {
        var ended = await Tool.RunAsync(host, "call", "calculator", "a", "Primes", "from=1", "--timeout", "300ms");
        ended.Of(1);
        Assert.StartsWith("DEADLINE_EXCEEDED", ended.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is no service 'calc'; did you mean 'calculator'?", "call", "calc", "a", "Multiply")]
    [InlineData("did you mean 'Multiply'?", "call", "calculator", "a", "Mulitply")]
    [InlineData("'calculator' has no version 7; write calculator", "call", "calculator/v7", "a", "Multiply")]
    [InlineData("is no service", "call", "calculator/x", "a", "Multiply")]
    [InlineData("is no JSON", "call", "calculator", "a", "Multiply", "{")]
    [InlineData("is no JSON object", "call", "calculator", "a", "Multiply", "[7,8]")]
    [InlineData("is no argument", "call", "calculator", "a", "Multiply", "7", "8")]
    [InlineData("--header is", "call", "calculator", "a", "Multiply", "-H", "nonsense")]
    [InlineData("--url is", "list", "--url", "ftp://x")]
    [InlineData("'granary call --help'", "call", "calculator")]
    [InlineData("Unrecognized", "frobnicate")]
    [InlineData("takes a stream", "bench", "calculator", "a", "Sum")]
    [InlineData("--concurrency is 0", "bench", "calculator", "a", "Multiply", "-c", "0")]
    [InlineData("--duration is", "bench", "calculator", "a", "Multiply", "-d", "soon")]
    [InlineData("--interval is", "top", "-i", "0")]
    [InlineData("--lifetime is", "token", "-l", "soon")]
    public async Task What_is_written_wrong_exits_with_2_and_says_what_to_write(string says, params string[] arguments)
    {
        var ended = await Tool.RunAsync(host, arguments);
        Assert.Equal("", ended.Of(2));
        Assert.Contains(says, ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_answers_it_exits_with_3()
    {
        var ended = await Tool.RunAsync(host, "call", "calculator", "a", "Multiply", "a=1", "b=1", "--url", "http://127.0.0.1:1");
        ended.Of(3);
        Assert.Contains("cannot reach http://127.0.0.1:1/", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_asked_for_is_the_help_and_2()
    {
        var ended = await Tool.RunAsync(host);
        Assert.Contains("completion", ended.Of(2), StringComparison.Ordinal);
        Assert.Contains("completion", (await Tool.RunAsync(host, "--help")).Of(0), StringComparison.Ordinal);
    }
}
