namespace Granary.Gateway;

/// <summary>
/// The cancellation of one call: by its deadline, by its caller's leaving, or by the process's end. Never reused for another call, since a grain may keep the token.
/// The source is made when somebody asks for the token; the timer and the registration when somebody waits.
/// </summary>
internal sealed class CallCancellation(TimeProvider time) : IDisposable
{
    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _disconnected;
    private CancellationTokenRegistration _stopping;
    private ITimer? _timer;
    private bool _watching;
    private bool _ended;

    public CancellationToken Token => (_source ??= new CancellationTokenSource()).Token;

    public void Watch(long deadline, CancellationToken disconnected, CancellationToken stopping)
    {
        if (_watching || _ended) return;
        _watching = true;
        _source ??= new CancellationTokenSource();
        _disconnected = disconnected.UnsafeRegister(static source => Cancel(source), _source);
        _stopping = stopping.UnsafeRegister(static source => Cancel(source), _source);
        if (deadline == 0) return;
        var left = TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64));

        // The timer is not to carry this request's context around.
        if (ExecutionContext.IsFlowSuppressed())
        {
            _timer = time.CreateTimer(static source => Cancel(source), _source, left, Timeout.InfiniteTimeSpan);
            return;
        }

        using (ExecutionContext.SuppressFlow()) _timer = time.CreateTimer(static source => Cancel(source), _source, left, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Fires now, if <see cref="Token"/> has been asked for.</summary>
    public void Cancel()
    {
        if (_source is { } source) Cancel(source);
    }

    public void Dispose()
    {
        if (_ended) return;
        _ended = true;
        _timer?.Dispose();

        // The source is not disposed: a grain may still register with its token, and it holds nothing but memory.
        _disconnected.Dispose();
        _stopping.Dispose();
    }

    // The callbacks are a grain's and an engine's code: not to run on the timer's thread or the connection's, one after another.
    private static void Cancel(object? source) => _ = ((CancellationTokenSource)source!).CancelAsync();
}
