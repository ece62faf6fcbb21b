using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Granary.Tests;

/// <summary>What was answered.</summary>
internal sealed record Answer(HttpStatusCode Status, string Body, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The <c>code</c> of a problem document.</summary>
    public string? Code => Json.GetProperty("code").GetString();
}

internal static class Http
{
    public static async Task<Answer> AskAsync(this Uri host, HttpMethod method, string path, string? token = null, string? body = null, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient { BaseAddress = host };
        using var request = new HttpRequestMessage(method, path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, response.Content.Headers);
    }

    public static Task<Answer> GetAsync(this Uri host, string path, string? token = null, params (string Name, string Value)[] headers) =>
        host.AskAsync(HttpMethod.Get, path, token, null, headers);

    public static Task<Answer> MultiplyAsync(this Uri host, string? token, params (string Name, string Value)[] headers) =>
        host.AskAsync(HttpMethod.Post, "/rpc/calculator/a/Multiply", token, """{"a":7,"b":8}""", headers);
}
