using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Granary.Tests.Dashboard;

/// <summary>A page's side of the feed: an event stream read event by event.</summary>
internal sealed class FeedReader : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client;
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    // What is told once may come while something else is waited for.
    private readonly Dictionary<string, Queue<JsonElement>> _passed = new(StringComparer.Ordinal) { ["events"] = new(), ["logs"] = new() };

    private FeedReader(HttpClient client, HttpResponseMessage response, Stream body)
    {
        _client = client;
        _response = response;
        _lines = new StreamReader(body);
    }

    public static async Task<FeedReader> OpenAsync(Uri host, string token, string query)
    {
        var client = new HttpClient { BaseAddress = host, Timeout = s_patience };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/dashboard/feed?" + query);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        return new FeedReader(client, response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next message of a topic that fits.</summary>
    public async Task<JsonElement> NextAsync(string topic, Func<JsonElement, bool> fits)
    {
        using var patience = new CancellationTokenSource(s_patience);
        string? last = null;
        while (_passed.TryGetValue(topic, out var passed) && passed.TryDequeue(out var one))
        {
            if (fits(one)) return one;
        }

        while (true)
        {
            string? name = null;
            string? data = null;
            while (await ReadLineAsync(patience.Token, topic, last) is { Length: > 0 } line)
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
                if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            }

            if (data is null) continue;
            var message = JsonDocument.Parse(data).RootElement;
            if (name != topic)
            {
                if (_passed.TryGetValue(name!, out var later)) later.Enqueue(message);
                continue;
            }

            last = data;
            if (fits(message)) return message;
        }
    }

    /// <summary>Reads until the host ends the stream.</summary>
    public async Task EndAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            while (await _lines.ReadLineAsync(patience.Token) is not null)
            {
            }
        }
        catch (IOException)
        {
            // Cut off: an end too.
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
        _client.Dispose();
    }

    private async Task<string> ReadLineAsync(CancellationToken patience, string topic, string? last)
    {
        try
        {
            return await _lines.ReadLineAsync(patience) ?? throw new InvalidOperationException($"The stream ended before '{topic}' fitted. The last was: {last}");
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"'{topic}' did not fit in time. The last was: {last}", error);
        }
    }
}
