using Granary.Benchmarks.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Granary.Benchmarks.Startup;

/// <summary>The smallest process that answers: a host with a silo makes one call and says the result.</summary>
internal static class OneAnswer
{
    internal const string Role = "--one-answer";

    internal static async Task RunAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans();
        using var host = builder.Build();
        await host.StartAsync();
        Console.WriteLine(await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICallGrain>("a").Multiply(7, 8));
        // Until the parent has looked at our memory and closes our input.
        await ParentInput.EndAsync();
        await host.StopAsync();
    }
}
