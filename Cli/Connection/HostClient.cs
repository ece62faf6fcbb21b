using System.Net.Http.Headers;
using System.Text.Json;

namespace Granary.Cli.Connection;

/// <summary>Speaks with a host: its address, the caller's token and further headers go with every request.</summary>
internal sealed class HostClient : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="address">Where the host serves.</param>
    /// <param name="token">The caller's token, or null.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="connections">The most connections at a time, on HTTP/1.1.</param>
    public HostClient(Uri address, string? token, IEnumerable<KeyValuePair<string, string>> headers, int connections = 8)
    {
        Address = address;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            MaxConnectionsPerServer = connections,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            ActivityHeadersPropagator = null,
        };
        _http = new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("granary-cli");
        foreach (var (name, value) in headers) _http.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
    }

    public Uri Address { get; }

    /// <summary>Sends a request, and returns once the head of the response is there, whatever it says.</summary>
    /// <exception cref="HostUnreachableException">There is nobody.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException error) when (error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.InvalidResponse)
        {
            throw new HostUnreachableException($"cannot reach {Address}: {error.Message}; is a host running there ('./run' starts one), and is it the right address (--url, GRANARY_URL)?", error);
        }
    }

    /// <summary>The same, for success only.</summary>
    /// <exception cref="CallFailedException">The host answered with an error.</exception>
    public async Task<HttpResponseMessage> SendForSuccessAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var response = await SendAsync(request, cancellation);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw new CallFailedException(await Problem.OfAsync(response, cancellation));
    }

    /// <summary>Gets a JSON document.</summary>
    public async Task<JsonDocument> GetJsonAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendForSuccessAsync(request, cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        return await JsonDocument.ParseAsync(body, default, cancellation);
    }

    public void Dispose() => _http.Dispose();
}
