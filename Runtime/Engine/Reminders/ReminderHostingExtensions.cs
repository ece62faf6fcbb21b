using Granary.Engine.Hosting;
using Granary.Engine.Reminders;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Timers;

namespace Orleans.Hosting;

/// <summary>Reminders in memory: they are gone when the process is.</summary>
public static class SiloBuilderReminderMemoryExtensions
{
    /// <summary>Runs reminders, which are kept in memory.</summary>
    public static ISiloBuilder UseInMemoryReminderService(this ISiloBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddReminders();
        builder.Services.AddSingleton<IReminderTable>(provider => provider.GetRequiredService<InMemoryCluster>().Store("reminders", static () => new InMemoryReminderTable()));
        return builder;
    }
}

/// <summary>Runs reminders.</summary>
public static class SiloBuilderReminderExtensions
{
    /// <summary>Runs the reminders of whatever <see cref="IReminderTable"/> is registered.</summary>
    public static ISiloBuilder AddReminders(this ISiloBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddReminders();
        return builder;
    }

    /// <inheritdoc cref="AddReminders(ISiloBuilder)"/>
    public static IServiceCollection AddReminders(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(s => s.ServiceType == typeof(ReminderService))) return services;
        services.AddSingleton<ReminderService>();
        services.AddSingleton<IReminderRegistry>(provider => provider.GetRequiredService<ReminderService>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ReminderService>());
        return services;
    }
}
