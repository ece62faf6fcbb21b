namespace Granary.Interop.Tests;

/// <summary>The published document, by a validator of OpenAPI that others wrote; of the testing service and the samples.</summary>
[Collection(InteropCollection.Name)]
public sealed class OpenApiTests(Clients clients)
{
    [Theory]
    [InlineData("valid")]
    [InlineData("references_resolve")]
    [InlineData("damage_is_seen")]
    public Task A_validator_of_OpenAPI_finds(string name) => clients.RunAsync("openapi.mjs", name);
}
