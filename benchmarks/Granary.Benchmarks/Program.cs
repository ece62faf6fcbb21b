using System.Globalization;
using Granary.Benchmarks.Cluster;
using Granary.Benchmarks.Codecs;
using Granary.Benchmarks.Dashboard;
using Granary.Benchmarks.Fuzzing;
using Granary.Benchmarks.Grpc;
using Granary.Benchmarks.Http;
using Granary.Benchmarks.Identity;
using Granary.Benchmarks.Local;
using Granary.Benchmarks.Overload;
using Granary.Benchmarks.Startup;
using Granary.Benchmarks.Telemetry;

// The roles that this program plays when a benchmark starts it again.
switch (args)
{
    case [BareKestrel.Role, var port]:
        await BareKestrel.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
        return 0;
    case [BareHttp2.Role, var port]:
        await BareHttp2.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
        return 0;
    case [BusyHost.Role, var port, var isProtected]:
        await BusyHost.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), bool.Parse(isProtected));
        return 0;
    case [OtlpSink.Role, var port]:
        await OtlpSink.RunAsync(int.Parse(port, CultureInfo.InvariantCulture));
        return 0;
    case [OneAnswer.Role]:
        await OneAnswer.RunAsync();
        return 0;
    case [FuzzCommand.Name, .. var rest]:
        return await FuzzCommand.RunAsync(rest);
    case [RedisSilo.Role, var redis, var cluster, var port]:
        await RedisSilo.RunAsync(redis, cluster, port);
        return 0;
    case [SiloProcess.Role]:
        await SiloProcess.RunAsync();
        return 0;
}

IBenchmark[] all = [new LocalCalls(), new Hops(), new FanOut(), new FrameCalls(), new RedisFrameCalls(), new Failover(), new Activations(), new RedisActivations(), new CodecComparison(), new HttpCalls(), new StageCost(), new GrpcCalls(), new PassThroughCost(), new DashboardCost(), new Tokens(), new OverloadRun(), new SharedLimits(), new TelemetryCost(), new Starts()];

Options options;
try
{
    options = Options.Parse(args);
}
catch (ArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

if (options.List)
{
    foreach (var benchmark in all) Console.WriteLine($"{benchmark.Name,-12} {benchmark.About}");
    return 0;
}

foreach (var name in options.Names)
{
    if (all.Any(b => b.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase))) continue;
    Console.Error.WriteLine($"There is no benchmark '{name}'. There are: {string.Join(", ", all.Select(b => b.Name))}.");
    return 2;
}

return await Run.AllAsync(all, options);
