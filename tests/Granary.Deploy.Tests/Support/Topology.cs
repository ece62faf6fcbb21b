using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Granary.Tests;

namespace Granary.Deploy.Tests.Support;

/// <summary>
/// What <c>docker-compose.yml</c> starts, as processes of this machine: the same settings and secrets, Debian's Redis, HAProxy and Prometheus with the configuration files of the repository. Only what names containers and their
/// folders is another: addresses, ports and paths.
/// </summary>
public sealed partial class Topology : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("granary-compose-").FullName;
    private readonly JsonObject _services = Repository.Yaml("docker-compose.yml")["services"]!.AsObject();
    private readonly int _redisPort = Ports.Free();
    private readonly List<IAsyncDisposable> _running = [];

    /// <summary>The one address.</summary>
    public Uri Address { get; private set; } = null!;

    public Uri Prometheus { get; private set; } = null!;

    internal Daemon Monitor { get; private set; } = null!;

    internal List<HostProcess> ApiHosts { get; } = [];

    private string Secrets => Path.Combine(_folder, ".secrets");

    public async Task InitializeAsync()
    {
        foreach (var script in (string[])["secrets", "token"])
        {
            File.Copy(Repository.At($"deploy/docker/{script}"), Path.Combine(_folder, script));
            if (script == "secrets") await ScriptAsync(script);
        }

        await StartRedisAsync();
        List<HostProcess> silos = [.. Enumerable.Range(0, Replicas("silo")).Select(_ => Host("Silo", "silo"))];
        ApiHosts.AddRange(Enumerable.Range(0, Replicas("apihost")).Select(_ => Host("ApiHost", "apihost")));
        List<string> siloAddresses = [], apiHostAddresses = [];
        foreach (var silo in silos) siloAddresses.Add((await silo.AddressAsync()).Authority);
        foreach (var apiHost in ApiHosts) apiHostAddresses.Add((await apiHost.AddressAsync()).Authority);
        await StartBalancerAsync(apiHostAddresses);
        await StartPrometheusAsync(siloAddresses, apiHostAddresses);
    }

    public async Task DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_running)) await process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What <c>deploy/docker/token</c> prints.</summary>
    public Task<string> TokenAsync(params string[] roles) => ScriptAsync("token", roles);

    private async Task<string> ScriptAsync(string script, params string[] arguments)
    {
        var said = await Tool.RunAsync("bash", [Path.Combine(_folder, script), .. arguments]);
        Assert.True(said.Code == 0, said.ToString());
        return said.Output.Trim();
    }

    private int Replicas(string service) => _services[service]!["deploy"]!["replicas"]!.GetValue<int>();

    private HostProcess Host(string program, string service)
    {
        var settings = _services[service]!["environment"]!.AsObject().Where(v => v.Key != "ASPNETCORE_ENVIRONMENT").Select(v => $"{v.Key}={Here(v.Value!.ToString())}");
        var host = HostProcess.Start(program, "Production", [.. settings, "Urls=http://127.0.0.1:0"]);
        _running.Add(host);
        return host;
    }

    private string Here(string value)
    {
        if (value.StartsWith("${PROMETHEUS_KEY_SHA256", StringComparison.Ordinal)) return File.ReadAllText(Path.Combine(Secrets, "env")).Trim().Split('=')[1];
        if (value.StartsWith("/run/secrets/", StringComparison.Ordinal)) return Secret(value);
        return value.Replace("http://jaeger:4317", "http://127.0.0.1:9", StringComparison.Ordinal).Replace("172.31.250.0/24", "127.0.0.1/32", StringComparison.Ordinal);
    }

    /// <summary>The file of a secret, by the path under which containers have it.</summary>
    private string Secret(string mounted)
    {
        var file = Repository.Yaml("docker-compose.yml")["secrets"]![Path.GetFileName(mounted)]!["file"]!.GetValue<string>();
        var path = Path.Combine(Secrets, Path.GetFileName(file));
        if (Path.GetFileName(path) == "redis-connection") File.WriteAllText(path, File.ReadAllText(path).Replace("redis:6379", $"127.0.0.1:{_redisPort}", StringComparison.Ordinal));
        return path;
    }

    private async Task StartRedisAsync()
    {
        var text = Repository.Read("deploy/docker/redis/redis.conf").Replace("bind 0.0.0.0", "bind 127.0.0.1", StringComparison.Ordinal).Replace("port 6379", $"port {_redisPort}", StringComparison.Ordinal)
            .Replace("dir /data", $"dir {_folder}", StringComparison.Ordinal).Replace("/run/secrets/redis-password", Secret("/run/secrets/redis-password"), StringComparison.Ordinal);
        _running.Add(await Daemon.StartAsync(_redisPort, "redis-server", Write("redis.conf", text)));
    }

    private async Task StartBalancerAsync(IEnumerable<string> apiHosts)
    {
        var port = Ports.Free();
        var text = Resolvers().Replace(Repository.Read("deploy/docker/haproxy/haproxy.cfg"), "").Replace("bind :8080", $"bind 127.0.0.1:{port}", StringComparison.Ordinal);
        text = ServerTemplate().Replace(text, m => string.Join('\n', apiHosts.Select((address, i) => $"    server apihost{i} {address} {m.Groups["options"].Value}")));
        Address = new Uri($"http://127.0.0.1:{port}");
        var balancer = await Daemon.StartAsync(port, "haproxy", "-db", "-f", Write("haproxy.cfg", text));
        _running.Add(balancer);
        using var http = new HttpClient();
        await balancer.UntilAsync(async () => (await http.GetAsync(new Uri(Address, "/readyz"))).IsSuccessStatusCode, "No ApiHost became ready");
    }

    private async Task StartPrometheusAsync(IEnumerable<string> silos, IEnumerable<string> apiHosts)
    {
        var port = Ports.Free();
        var text = Repository.Read("deploy/prometheus/prometheus.yml").Replace("/etc/prometheus/", Repository.At("deploy/prometheus/"), StringComparison.Ordinal)
            .Replace("/run/secrets/prometheus-key", Secret("/run/secrets/prometheus-key"), StringComparison.Ordinal).Replace("localhost:9090", $"127.0.0.1:{port}", StringComparison.Ordinal)
            .Replace("scrape_interval: 5s", "scrape_interval: 2s", StringComparison.Ordinal).Replace("scrape_timeout: 4s", "scrape_timeout: 2s", StringComparison.Ordinal).Replace("evaluation_interval: 5s", "evaluation_interval: 500ms", StringComparison.Ordinal);
        text = Discovery().Replace(text, m => $"    static_configs:\n      - targets: [{string.Join(", ", (m.Groups["name"].Value == "silo" ? silos : apiHosts).Select(a => $"'{a}'"))}]\n");
        Prometheus = new Uri($"http://127.0.0.1:{port}");
        Monitor = await Daemon.StartAsync(port, "prometheus", $"--config.file={Write("prometheus.yml", text)}", $"--storage.tsdb.path={_folder}/tsdb", $"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage");
        _running.Add(Monitor);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    [GeneratedRegex(@"^resolvers docker\n(    .*\n)*", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Resolvers();

    [GeneratedRegex(@"^    server-template apihost 10 apihost:8080 (?<options>.*) resolvers docker init-addr none$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ServerTemplate();

    [GeneratedRegex(@"^    dns_sd_configs:\n      - names: \[(?<name>\w+)\]\n(        .*\n)+", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Discovery();
}
