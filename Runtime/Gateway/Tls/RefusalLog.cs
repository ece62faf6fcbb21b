using System.Net;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Tls;

/// <summary>Says who was refused and why; of a flood, the first ones and then how many there were. Thread-safe.</summary>
internal sealed class RefusalLog(ILogger log, TimeProvider time)
{
    private const int MostLines = 20;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _began;
    private int _count;

    public void Refused(EndPoint? from, string reason)
    {
        int unsaid;
        bool isSaid;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var isNew = _began is not { } began || time.GetElapsedTime(began, now) >= s_window;
            unsaid = isNew ? Math.Max(0, _count - MostLines) : 0;
            if (isNew) (_began, _count) = (now, 0);
            isSaid = ++_count <= MostLines;
        }

        if (unsaid > 0) TlsLog.RefusedMore(log, unsaid);
        if (isSaid) TlsLog.Refused(log, from, reason);
    }
}
