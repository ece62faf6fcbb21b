using Granary.Telemetry.Logs;
using Granary.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Tests;

public sealed class LogLevelsTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly LogLevels _levels;
    private readonly ConfigurationRoot _configuration = new([new MemoryConfigurationProvider(new MemoryConfigurationSource
    {
        InitialData =
        [
            new("LogLevel:Default", "Warning"),
            new("LogLevel:App.Orders", "Error"),
            new("LogLevel:App.Orders.Payments", "Information"),
            new("LogTail:LogLevel:Default", "Error"),
        ],
    })]);

    private readonly ServiceProvider _services;
    private readonly ILoggerFactory _loggers;

    public LogLevelsTests()
    {
        _levels = new LogLevels(_time);
        var rules = new LogLevelRules(_levels);
        _services = new ServiceCollection()
            .AddLogging(logging => logging.AddConfiguration(_configuration).AddProvider(new LogTailProvider(new LogTail(10, _time))))
            .AddSingleton<IPostConfigureOptions<LoggerFilterOptions>>(rules)
            .AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(rules)
            .BuildServiceProvider();
        _loggers = _services.GetRequiredService<ILoggerFactory>();
    }

    [Fact]
    public void A_level_holds_for_all_categories_beneath_it_whatever_the_configuration_says_of_them_and_of_providers()
    {
        Assert.Equal(LogLevel.Error, Level("App.Orders"));
        _levels.Set("app", LogLevel.Debug, TimeSpan.FromMinutes(5), "ann");
        Assert.Equal((LogLevel.Debug, LogLevel.Debug, LogLevel.Debug, LogLevel.Error), (Level("App"), Level("App.Orders"), Level("App.Orders.Payments.Cards"), Level("Other")));
    }

    [Fact]
    public void The_longer_of_two_overrides_counts_in_whatever_order_they_were_set()
    {
        _levels.Set("App.Orders", LogLevel.Trace, TimeSpan.FromMinutes(5), "ann");
        _levels.Set("App", LogLevel.Critical, TimeSpan.FromMinutes(5), "ann");
        Assert.Equal((LogLevel.Critical, LogLevel.Trace, LogLevel.Trace), (Level("App.Stock"), Level("App.Orders"), Level("App.Orders.Payments")));
    }

    [Fact]
    public void The_default_leaves_named_categories_alone()
    {
        _levels.Set("Default", LogLevel.Debug, TimeSpan.FromMinutes(5), "ann");
        Assert.Equal(LogLevel.Debug, Level("Other"));
        _levels.Set("Default", LogLevel.Critical, TimeSpan.FromMinutes(5), "ann");
        Assert.Equal(LogLevel.Critical, Level("Other"));
    }

    [Fact]
    public void A_level_expires()
    {
        _levels.Set("App", LogLevel.Debug, TimeSpan.FromMinutes(5), "ann");
        _levels.Set("Other", LogLevel.Debug, TimeSpan.FromMinutes(10), "bob");
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        Assert.Equal(LogLevel.Debug, Level("App"));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((LogLevel.Error, LogLevel.Debug), (Level("App"), Level("Other")));
        var left = Assert.Single(_levels.Current);
        Assert.Equal(("Other", LogLevel.Debug, "bob", _time.GetUtcNow() + TimeSpan.FromMinutes(5)), (left.Category, left.Level, left.By, left.Until));
    }

    [Fact]
    public void A_reload_of_the_configuration_does_not_lose_it()
    {
        _levels.Set("App", LogLevel.Debug, TimeSpan.FromMinutes(5), "ann");
        _configuration["LogTail:LogLevel:Default"] = "Information";
        _configuration.Reload();
        Assert.Equal((LogLevel.Debug, LogLevel.Information), (Level("App"), Level("Other")));
    }

    [Fact]
    public void What_is_removed_is_as_configured_again()
    {
        _levels.Set("App.Orders", LogLevel.Debug, TimeSpan.FromMinutes(5), "ann");
        Assert.True(_levels.Remove("app.orders"));
        Assert.Equal(LogLevel.Error, Level("App.Orders"));
        Assert.False(_levels.Remove("App.Orders"));
        Assert.Empty(_levels.Current);
    }

    [Theory]
    [InlineData("", LogLevel.Debug, 60, "category is empty")]
    [InlineData("A*B", LogLevel.Debug, 60, "what the categories begin with")]
    [InlineData("App", LogLevel.None, 60, "Write Trace, Debug")]
    [InlineData("App", LogLevel.Debug, 0, "from 1 second to 1 day")]
    [InlineData("App", LogLevel.Debug, 86401, "from 1 second to 1 day")]
    public void What_cannot_be_set_is_refused_with_what_to_write(string category, LogLevel level, int seconds, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => _levels.Set(category, level, TimeSpan.FromSeconds(seconds), "ann")).Message, StringComparison.Ordinal);

    [Fact]
    public void Their_number_is_bounded()
    {
        for (var i = 0; i < LogLevels.MaxOverrides; i++) _levels.Set("App" + i, LogLevel.Debug, TimeSpan.FromMinutes(5), "ann");
        Assert.Throws<ArgumentException>(() => _levels.Set("One.More", LogLevel.Debug, TimeSpan.FromMinutes(5), "ann"));
        _levels.Set("App1", LogLevel.Trace, TimeSpan.FromMinutes(5), "ann");
    }

    public void Dispose()
    {
        _services.Dispose();
        _levels.Dispose();
        _configuration.Dispose();
    }

    private LogLevel Level(string category)
    {
        var log = _loggers.CreateLogger(category);
        return Enum.GetValues<LogLevel>().First(log.IsEnabled);
    }
}
