namespace Granary.Gateway.OpenApi;

/// <summary>The published contract.</summary>
public sealed class OpenApiOptions
{
    /// <summary>Whether <c>/openapi.json</c>, <c>/docs</c> and the <c>.proto</c> files are served, to anyone.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The title in the document.</summary>
    public string Title { get; set; } = "Granary";

    /// <summary>The version in the document: of the whole API, not of a service.</summary>
    public string Version { get; set; } = "1.0";

    /// <summary>A text for the head of the document, in Markdown; or null.</summary>
    public string? Description { get; set; }
}
