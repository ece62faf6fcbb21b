using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Granary.Tests;

/// <summary>A streamed body: its first lines at once, the rest when the test says so.</summary>
internal sealed class SlowBody : HttpContent
{
    private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _first;
    private readonly string _last;

    public SlowBody(string first, string last)
    {
        (_first, _last) = (first, last);
        Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
    }

    public void GoOn() => _rest.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(_first));
        await stream.FlushAsync();
        await _rest.Task;
        await stream.WriteAsync(Encoding.UTF8.GetBytes(_last));
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
