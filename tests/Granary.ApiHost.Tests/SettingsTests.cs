using Granary.Hosting.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace Granary.Tests;

/// <summary>What is configured against the settings there are.</summary>
public sealed class SettingsTests
{
    private static readonly SettingsTree s_tree = new SettingsTree().Add("Granary", typeof(HostSettings)).Add("Granary", typeof(Other)).Add("Granary:Deep:Down", typeof(Deep));

    [Theory]
    [InlineData("Granary:Cluster:SiloPort=11111")]
    [InlineData("granary:cluster:siloport=0")]
    [InlineData("Granary:Cluster:SiloPort=")]
    [InlineData("Granary:Storages:archive:Kind=memory")]
    [InlineData("Granary:Cluster:Gateways:0=127.0.0.1:30000")]
    [InlineData("Granary:StopDelay=00:00:05")]
    [InlineData("Granary:StopDelay=0")]
    [InlineData("Granary:Reminders=Redis")]
    [InlineData("Granary:Name=anything")]
    [InlineData("Granary:Deep:Down:Ratio=0.5")]
    [InlineData("Other:Thing=1")]
    public void What_there_is_and_can_be_read_is_fine(string setting)
    {
        var findings = Read(setting);
        Assert.Empty(findings.Faults);
        Assert.Empty(findings.Unknown);
    }

    [Theory]
    [InlineData("Granary:Cluster:SiloPort=many", "Granary:Cluster:SiloPort is 'many'. Write a whole number")]
    [InlineData("Granary:Cluster:AllowUnprotected=yes", "Write true or false, for example False|Write true or false.")]
    [InlineData("Granary:StopDelay=soon", "Granary:StopDelay is 'soon'. Write a time as hours:minutes:seconds")]
    [InlineData("Granary:StopDelay=20", "Granary:StopDelay is '20', which would be 20 days. Write a time as hours:minutes:seconds")]
    [InlineData("Granary:Reminders=Disk", "Write Memory or Redis.")]
    [InlineData("Granary:Reminders=7", "Write Memory or Redis.")]
    [InlineData("Granary:Storages:archive:Kind=Tape", "Granary:Storages:archive:Kind is 'Tape'. Write Memory or Redis.")]
    [InlineData("Granary:Redis=localhost", "Granary:Redis:ConnectionString")]
    [InlineData("Granary:Cluster:Gateways=127.0.0.1:30000", "Granary__Cluster__Gateways__0")]
    [InlineData("Granary:Name:First=x", "Granary:Name has settings below it, such as Granary:Name:First")]
    [InlineData("Granary:Deep:Down:Ratio=half", "Write a number, for example 0.25.")]
    public void What_cannot_be_read_is_told_with_what_to_write(string setting, string message)
    {
        var findings = Read(setting);
        var fault = Assert.Single(findings.Faults);
        Assert.True(message.Split('|').Any(m => fault.Contains(m, StringComparison.Ordinal)), fault);
        Assert.Single(findings.Unreadable);
    }

    [Fact]
    public void A_value_that_may_be_a_secret_is_never_quoted()
    {
        var findings = Read("Granary:Redis=redis,password=hunter2", "Granary:Authentication:Keys=hunter2");
        Assert.DoesNotContain("hunter2", string.Join('\n', findings.Faults.Concat(findings.Unknown)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Granary:Clustr:ClusterId", "Granary:Cluster:ClusterId")]
    [InlineData("Granary:Cluster:ClusterID2", "Granary:Cluster:ClusterId")]
    [InlineData("Granary:ConnectionString", "Granary:Redis:ConnectionString")]
    [InlineData("Granary:Cluster:ConnectionString", "Granary:Redis:ConnectionString")]
    [InlineData("Granary:Deep:Down:Ration", "Granary:Deep:Down:Ratio")]
    [InlineData("Granary:Zebra", null)]
    public void A_name_that_nobody_reads_is_told_with_the_one_that_was_meant(string written, string? meant)
    {
        var findings = Read(written + "=1");
        Assert.Empty(findings.Faults);
        var unknown = Assert.Single(findings.Unknown);
        Assert.StartsWith(unknown, written, StringComparison.Ordinal);
        Assert.Equal(meant, NearestSetting.Of(written, s_tree.Paths()));
    }

    [Fact]
    public void Every_path_is_known_once_and_dictionaries_have_a_place_for_the_name()
    {
        var paths = s_tree.Paths().ToList();
        Assert.Equal(paths.Count, paths.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Contains("Granary:Storages:{name}:ConnectionString", paths);
        Assert.Contains("Granary:Cluster:Gateways", paths);
        Assert.Contains("Granary:Deep:Down:Ratio", paths);
    }

    [Fact]
    public void Thousands_of_unknown_names_are_not_all_told()
    {
        var findings = Read([.. Enumerable.Range(0, 5000).Select(i => $"Granary:X{i}=1")]);
        Assert.Equal(50, findings.Unknown.Count);
    }

    [Fact]
    public void Environment_variables_and_files_of_secrets_are_settings_and_the_command_line_goes_before_them()
    {
        // Under names that no host of the other tests reads.
        Environment.SetEnvironmentVariable("GRANARY_SETTINGSTESTS__ONE", "of the environment");
        Environment.SetEnvironmentVariable("Granary__SettingsTests__Two", "of the environment");
        var secrets = Directory.CreateTempSubdirectory();
        try
        {
            // As Kubernetes mounts them: links to files in a directory whose name begins with dots.
            var data = secrets.CreateSubdirectory("..2026_11_21");
            File.WriteAllText(Path.Combine(data.FullName, "key"), "of a file\n");
            File.CreateSymbolicLink(Path.Combine(secrets.FullName, "Granary__SettingsTests__Two"), Path.Combine(data.FullName, "key"));
            File.CreateSymbolicLink(Path.Combine(secrets.FullName, "Granary__SettingsTests__Three"), Path.Combine(data.FullName, "key"));
            var builder = WebApplication.CreateSlimBuilder([$"--Granary:SecretsDirectory={secrets.FullName}", "--Granary:SettingsTests:Three=of the command line"]);
            builder.AddSettingsSources();
            var read = builder.Configuration.GetSection("Granary:SettingsTests");
            Assert.Equal(("of the environment", "of a file", "of the command line"), (read["One"], read["Two"], read["Three"]));
            Assert.Null(builder.Configuration["Granary:Token"]);
        }
        finally
        {
            Environment.SetEnvironmentVariable("GRANARY_SETTINGSTESTS__ONE", null);
            Environment.SetEnvironmentVariable("Granary__SettingsTests__Two", null);
            secrets.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("/nowhere/at/all", "is no directory")]
    [InlineData("", "holds no file")]
    public void A_directory_of_secrets_without_any_is_refused(string directory, string why)
    {
        var empty = Directory.CreateTempSubdirectory();
        try
        {
            var builder = WebApplication.CreateSlimBuilder([$"--Granary:SecretsDirectory={(directory.Length > 0 ? directory : empty.FullName)}"]);
            var error = Assert.Throws<InvalidOperationException>(builder.AddSettingsSources);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            empty.Delete();
        }
    }

    private static SettingsFindings Read(params string[] settings) => SettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => s.Split('=', 2)).Select(p => KeyValuePair.Create<string, string?>(p[0], p[1]))).Build(), s_tree, "Granary");

    private sealed class Other
    {
        public string Name { get; set; } = "";
    }

    private sealed class Deep
    {
        public double Ratio { get; set; } = 0.25;
    }
}
