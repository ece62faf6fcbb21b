namespace Granary.Client.Calls;

/// <summary>The bearer token: asked for once, by whichever call comes first, and again after a server refused it. Thread-safe.</summary>
internal sealed class TokenCache(Func<CancellationToken, ValueTask<string?>> provider, TimeSpan patience, TimeProvider time)
{
    private readonly Lock _lock = new();
    private Task<string?>? _token;

    /// <summary>The token, as <c>authorization</c> wants it, or null for none.</summary>
    public Task<string?> GetAsync()
    {
        lock (_lock)
        {
            // A failure is not kept: the next call asks again.
            if (_token is null or { IsFaulted: true } or { IsCanceled: true }) _token = AskAsync();
            return _token;
        }
    }

    /// <summary>A server refused that token: unless another call has replaced it, it is forgotten.</summary>
    public void Refuse(string refused)
    {
        lock (_lock)
        {
            if (_token is { IsCompletedSuccessfully: true } known && known.Result == refused) _token = null;
        }
    }

    // For all calls that wait, and so for none of them in particular: bounded by itself, not by one caller's patience.
    private async Task<string?> AskAsync()
    {
        await Task.Yield();
        using var limit = new CancellationTokenSource(patience, time);
        return await provider(limit.Token).AsTask().WaitAsync(limit.Token) is { Length: > 0 } token ? "Bearer " + token : null;
    }
}
