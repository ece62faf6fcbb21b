using System.Net;
using Granary.Hosting.Cluster;
using Granary.Hosting.Security;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Hosting.Settings;

/// <summary>
/// The settings of a host that starts. What is wrong is gathered from the first line on, and refused all at once when the host has been built: a wrong value is replaced by its default until then,
/// so that the rest can be checked as well. Settings that nobody reads are a warning.
/// </summary>
internal sealed partial class StartSettings
{
    private const string Engine = "Granary:Engine";

    /// <summary>The embedded engine's options, where that is the engine.</summary>
    private static readonly (string Section, string Options)[] s_engine = [(Engine, "Granary.Hosting.EngineOptions, Granary.Engine"), ($"{Engine}:Redis", "Granary.Hosting.RedisEngineOptions, Granary.Engine.Redis")];

    private readonly WebApplicationBuilder _builder;
    private readonly SettingsTree _tree;
    private readonly List<string> _faults = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _unknown;
    private readonly SecurityReview _review;

    private StartSettings(WebApplicationBuilder builder, SettingsTree tree)
    {
        _builder = builder;
        _tree = tree;
        var findings = SettingsReader.Read(builder.Configuration, tree, HostSettings.Section);
        _unknown = findings.Unknown;
        _faults.AddRange(findings.Faults);
        if (findings.Unreadable.Count > 0) builder.Configuration.AddInMemoryCollection(findings.Unreadable.Select(u => KeyValuePair.Create<string, string?>(u.Path, u.Default ?? "")));
        Host = builder.Configuration.GetSection(HostSettings.Section).Get<HostSettings>() ?? new HostSettings();

        // A silo serves nobody but those who run it, and has no settings for callers.
        _review = new SecurityReview(builder.Configuration, builder.Environment.IsDevelopment(), facesCallers: tree.Root.Find(HostSettings.Section)?.Find("Authentication") is not null).Look();
        _faults.AddRange(Texts(SecurityWeight.Refused));
        _warnings.AddRange(Texts(SecurityWeight.Warning));
    }

    /// <summary>What <c>--check</c> tells besides what is refused: first the warnings, then what is good to know.</summary>
    internal IEnumerable<string> Advice => _warnings.Concat(_unknown.Select(path => $"The setting {path} does nothing: no part of this host reads it.")).Select(w => "warning: " + w).Concat(Texts(SecurityWeight.Note).Select(n => "note: " + n));

    /// <summary>What the hosts have alike.</summary>
    internal HostSettings Host { get; }

    /// <summary>Reads the settings of a host.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="sections">The options classes of this host and the sections they are bound to, besides the engine's and <see cref="HostSettings"/>.</param>
    internal static StartSettings Read(WebApplicationBuilder builder, params (string Section, Type Options)[] sections)
    {
        var tree = new SettingsTree().Add(HostSettings.Section, typeof(HostSettings));
        foreach (var (section, options) in s_engine)
        {
            if (Type.GetType(options) is { } engine) tree.Add(section, engine);
        }

        foreach (var (section, options) in sections) tree.Add(section, options);
        return new StartSettings(builder, tree);
    }

    /// <summary>The model of this process's part in the cluster. Also tells the engine what it must know of the host: whether to listen, and the address of its HTTP endpoints.</summary>
    internal ClusterModel Cluster(ProcessKind process)
    {
        var model = new ClusterModelReader(Host, process, _faults).Read();
        var configuration = _builder.Configuration;

        // What is wrong with the file is told by the engine.
        CallerSeal.UseSecret(SecretFile.Read($"{Engine}:ClusterSecret", configuration[$"{Engine}:ClusterSecret"], configuration[$"{Engine}:ClusterSecretFile"], []) ?? configuration[$"{Engine}:ClusterSecret"]);
        if (!_builder.Environment.IsDevelopment() && !Host.Cluster.AllowUnprotected) CheckProtection(model, process);
        if (process == ProcessKind.Client) return model;

        if (model.Redis is not null)
        {
            if (configuration[$"{Engine}:Listen"] is { } listen && bool.TryParse(listen, out var listens) && !listens)
                _faults.Add($"{Engine}:Listen is false, and Granary:Redis:ConnectionString is set: the other processes of the cluster must reach this silo. Leave {Engine}:Listen out, or be a client (Granary:Mode=Client).");
            if (IPAddress.IsLoopback(model.Advertised) && Protection.FirstRemote(model.Redis) is { } remote)
                _warnings.Add($"Redis is at {remote}, but this silo tells the others to reach it at {model.Advertised}, which works on one machine only. Set Granary:Cluster:AdvertisedAddress to an address of this machine, or to auto.");
        }
        else if (process == ProcessKind.EmbeddedSilo && string.IsNullOrEmpty(configuration[$"{Engine}:Listen"]))
        {
            // Nobody is there to connect.
            configuration[$"{Engine}:Listen"] = "false";
        }

        if (string.IsNullOrEmpty(configuration[$"{Engine}:Endpoints:http"]) && HttpAddress.Of(configuration["Urls"], model.Advertised) is { } http) configuration[$"{Engine}:Endpoints:http"] = http;
        return model;
    }

    /// <summary>A time of the engine's options, by configuration or default; the fallback with another engine.</summary>
    internal TimeSpan EngineTime(string name, TimeSpan fallback) =>
        TimeSpan.TryParse(_builder.Configuration[$"{Engine}:{name}"], System.Globalization.CultureInfo.InvariantCulture, out var time) ? time
        : _tree.Root.Find("Granary")?.Find("Engine")?.Find(name)?.Default as TimeSpan? ?? fallback;

    /// <summary>Builds the host, refuses everything that is wrong, and warns of what does nothing.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; it holds every fault.</exception>
    internal WebApplication Build()
    {
        _builder.Services.AddSingleton(this);
        var app = _builder.Build();
        try
        {
            Check(app.Services);
            return app;
        }
        catch
        {
            ((IDisposable)app).Dispose();
            throw;
        }
    }

    [LoggerMessage(4001, LogLevel.Warning, "The setting {Setting} does nothing: no part of this host reads it. {Advice}")]
    private static partial void LogUnknown(ILogger logger, string setting, string advice);

    [LoggerMessage(4002, LogLevel.Warning, "{Problem}")]
    private static partial void LogWarning(ILogger logger, string problem);

    private void Check(IServiceProvider services)
    {
        // One by one: the host's own validation ends with the first whose making needs another one that is wrong.
        foreach (var options in _builder.Services.Select(s => s.ServiceType).Where(IsOurs).Distinct().ToList())
        {
            Try(() => _ = ((IOptions<object>)services.GetRequiredService(typeof(IOptions<>).MakeGenericType(options.GetGenericArguments()))).Value);
        }

        if (_faults.Count == 0) Try(() => services.GetService<IStartupValidator>()?.Validate());
        if (_faults.Count > 0) throw new StartRefusedException(_faults.Distinct(StringComparer.Ordinal), Advice);
        var logger = services.GetRequiredService<ILogger<StartSettings>>();
        foreach (var warning in _warnings) LogWarning(logger, warning);
        if (_unknown.Count == 0) return;
        var known = _tree.Paths().ToList();
        foreach (var path in _unknown) LogUnknown(logger, path, NearestSetting.Of(path, known) is { } nearest ? $"Is {nearest} meant?" : "docs/configuration.md has those there are.");
    }

    private IEnumerable<string> Texts(SecurityWeight weight) => _review.Findings.Where(f => f.Weight == weight).Select(f => f.Text);

    private static bool IsOurs(Type service) =>
        service.IsGenericType && service.GetGenericTypeDefinition() == typeof(IValidateOptions<>) && service.GetGenericArguments()[0].Namespace?.StartsWith("Granary.", StringComparison.Ordinal) == true;

    private void Try(Action validate)
    {
        try
        {
            validate();
        }
        catch (OptionsValidationException error)
        {
            _faults.AddRange(error.Failures);
        }
        catch (AggregateException error) when (error.InnerExceptions.All(i => i is OptionsValidationException))
        {
            _faults.AddRange(error.InnerExceptions.SelectMany(i => ((OptionsValidationException)i).Failures));
        }
    }

    private void CheckProtection(ClusterModel model, ProcessKind process)
    {
        const string Setting = $"{Engine}:ClusterSecret";
        var file = _builder.Configuration[$"{Setting}File"];
        var secret = SecretFile.Read(Setting, _builder.Configuration[Setting], file, []) ?? _builder.Configuration[Setting];

        // A file that cannot be read is told by the engine. TLS is mutual unless told otherwise: certificates keep strangers out as well.
        var tls = _builder.Configuration.GetSection($"{Engine}:Tls");
        var isMutual = !string.IsNullOrEmpty(tls["CertificateFile"]) && !(bool.TryParse(tls["RequireMutual"], out var required) && !required);
        Protection.Check(model, process, secret, isElsewhere: secret is null && (isMutual || !string.IsNullOrEmpty(file)), _faults);
    }
}
