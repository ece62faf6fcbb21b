using System.Globalization;

namespace Orleans.TestingHost;

/// <summary>What a test cluster is made of.</summary>
public class TestClusterOptions
{
    public string ClusterId { get; set; } = "";

    public string ServiceId { get; set; } = "";

    /// <summary>Whether <see cref="TestCluster.DeployAsync()"/> also connects <see cref="TestCluster.Client"/>.</summary>
    public bool InitializeClientOnDeploy { get; set; } = true;

    /// <summary>The silos that <see cref="TestCluster.DeployAsync()"/> starts.</summary>
    public short InitialSilosCount { get; set; } = 2;

    /// <summary>Assembly-qualified names of <see cref="ISiloConfigurator"/> and <see cref="IHostConfigurator"/> types.</summary>
    public List<string?> SiloBuilderConfiguratorTypes { get; } = [];

    /// <summary>Assembly-qualified names of <see cref="IClientBuilderConfigurator"/> and <see cref="IHostConfigurator"/> types.</summary>
    public List<string?> ClientBuilderConfiguratorTypes { get; } = [];

    /// <summary>The options as configuration values.</summary>
    public Dictionary<string, string?> ToDictionary() => new(StringComparer.OrdinalIgnoreCase)
    {
        ["Orleans:ClusterId"] = ClusterId,
        ["Orleans:ServiceId"] = ServiceId,
        [nameof(ClusterId)] = ClusterId,
        [nameof(ServiceId)] = ServiceId,
        [nameof(InitializeClientOnDeploy)] = InitializeClientOnDeploy.ToString(CultureInfo.InvariantCulture),
        [nameof(InitialSilosCount)] = InitialSilosCount.ToString(CultureInfo.InvariantCulture),
    };
}
