namespace Granary.Gateway.Admission;

/// <summary>
/// A token bucket of all gateways as this one sees it. At most one request for it is under way: calls that come meanwhile are asked for together by the next one. Thread-safe; what it says is decided under its lock.
/// </summary>
/// <remarks>
/// Where a token comes from, in this order: the stock, fetched ahead and used before its lease ends; the store; and, while that does not answer, this gateway's share. A share is a bucket of the same
/// time to fill whose tokens come in more slowly; it begins as empty as the shared one was last seen, and what was taken of it is charged to the shared one afterwards, so that neither change is a burst.
/// </remarks>
internal sealed class SharedBucket : IPartition
{
    private readonly Lock _lock = new();
    private List<TaskCompletionSource<RateLimitLease>> _waiting = [];
    private RateLimitRule? _rule;
    private string? _partition;
    private bool _isAsking;
    private bool _isForgotten;

    // The stock, and until when it may be used.
    private int _stock;
    private long _stockUntil = long.MinValue;

    // How many tokens were taken since a moment, and in the lease before it: how many to fetch ahead.
    private int _taken;
    private int _takenBefore;
    private long _takenSince = long.MinValue;

    // What the store said: no token before, full at.
    private long _emptyUntil = long.MinValue;
    private long _fullAt = long.MinValue;

    // The share, and what the store does not know of it, both as moments at which they are whole again.
    private long _shareFullAt = long.MinValue;
    private long _owedUntil = long.MinValue;
    private int _back;

    /// <summary>Whether the store is known to have no token now, so that asking for it is no use.</summary>
    public bool IsKnownEmpty(long now, out RateLimitLease lease)
    {
        lock (_lock)
        {
            lease = Empty(now);
            return now < _emptyUntil && !(_stock > 0 && now < _stockUntil);
        }
    }

    /// <summary>Takes a token, or says that one must be waited for.</summary>
    /// <returns>False when the bucket was forgotten: there is another one now.</returns>
    public bool TryTake(SharedRateLimits limits, RateLimitRule rule, in PartitionKey key, long now, out ValueTask<RateLimitLease> lease)
    {
        TaskCompletionSource<RateLimitLease> waiter;
        lock (_lock)
        {
            lease = default;
            if (_isForgotten) return false;
            _rule = rule;
            _partition ??= key.Digest(rule.ScopeName);
            Count(now, limits.LeaseTime);
            if (_stock > 0 && now < _stockUntil)
            {
                _stock--;
                limits.Took("lease");
                lease = new(new RateLimitLease(true, _stock, Math.Max(0, _fullAt - now), 0));
                return true;
            }

            if (!limits.IsShared)
            {
                lease = new(TakeOfShare(rule.Limit, limits, now));
                return true;
            }

            if (now < _emptyUntil && _waiting.Count == 0)
            {
                lease = new(Empty(now));
                return true;
            }

            waiter = new TaskCompletionSource<RateLimitLease>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(waiter);
            lease = new(waiter.Task);
            if (_isAsking) return true;
            _isAsking = true;
        }

        _ = AskAsync(limits);
        return true;
    }

    /// <summary>Gives back a token that was just taken, since another policy refused the call.</summary>
    public void GiveBack(SharedRateLimits limits)
    {
        lock (_lock)
        {
            if (_isForgotten) return;
            if (!limits.IsShared)
            {
                var interval = ShareInterval(_rule!.Limit, limits.Share);
                if (_shareFullAt != long.MinValue) _shareFullAt -= interval;
                if (_owedUntil != long.MinValue) _owedUntil -= interval;
                return;
            }

            _back++;
            if (_isAsking) return;
            _isAsking = true;
        }

        _ = AskAsync(limits);
    }

    /// <summary>Charges the store with what it does not know of, if there is such.</summary>
    public Task SettleAsync(SharedRateLimits limits, long now)
    {
        lock (_lock)
        {
            if (_isForgotten || _isAsking || _owedUntil <= now) return Task.CompletedTask;
            _isAsking = true;
        }

        return AskAsync(limits, settles: true);
    }

    public bool TryForget(long now)
    {
        lock (_lock)
        {
            if (_isAsking || _back > 0 || (_stock > 0 && now < _stockUntil) || now < _emptyUntil || now < _fullAt || now < _shareFullAt || now < _owedUntil) return false;
            return _isForgotten = true;
        }
    }

    private async Task AskAsync(SharedRateLimits limits, bool settles = false)
    {
        var limit = _rule!.Limit;
        for (var isFirst = true; ; isFirst = false)
        {
            List<TaskCompletionSource<RateLimitLease>> asked;
            SharedRequest request;
            var now = limits.Now;
            lock (_lock)
            {
                if (_waiting.Count == 0 && _back == 0 && !(settles && isFirst))
                {
                    _isAsking = false;
                    return;
                }

                (asked, _waiting) = (_waiting, []);
                request = limits.Request(limit, _partition!) with
                {
                    Need = asked.Count,
                    Back = _back,
                    Ahead = asked.Count == 0 || (_stock > 0 && now < _stockUntil) ? 0 : Math.Min(limits.MostAhead(limit), Math.Max(_taken, _takenBefore)),
                    Owed = _owedUntil <= now ? 0 : (_owedUntil - now) * limits.Share / limit.Rate.Interval,
                };
                _back = 0;
            }

            var answer = await limits.AskAsync(request).ConfigureAwait(false);
            var leases = new RateLimitLease[asked.Count];
            lock (_lock)
            {
                if (answer is { } given) Take(given, limits, now, leases);
                else for (var i = 0; i < leases.Length; i++) leases[i] = TakeOfShare(limit, limits, limits.Now);
            }

            for (var i = 0; i < leases.Length; i++) asked[i].SetResult(leases[i]);
        }
    }

    private void Take(in SharedAnswer answer, SharedRateLimits limits, long askedAt, RateLimitLease[] leases)
    {
        var now = limits.Now;
        _shareFullAt = _owedUntil = long.MinValue;
        _fullAt = now + limits.Timestamps(answer.FullIn);
        _emptyUntil = answer.RetryIn > TimeSpan.Zero ? now + limits.Timestamps(answer.RetryIn) : long.MinValue;
        if (answer.Ahead > 0)
        {
            _stock = answer.Ahead;
            _stockUntil = askedAt + limits.LeaseTime;
        }

        for (var i = 0; i < leases.Length; i++)
        {
            leases[i] = i < answer.Granted ? new RateLimitLease(true, answer.Remaining + answer.Ahead, _fullAt - now, 0) : Empty(now);
            if (leases[i].Granted) limits.Took("redis");
        }
    }

    private RateLimitLease TakeOfShare(RateLimit limit, SharedRateLimits limits, long now)
    {
        var interval = ShareInterval(limit, limits.Share);

        // A share of less than a token is a token, though one that comes in as slowly as it must.
        var capacity = Math.Max(limit.Rate.Capacity, interval);
        var fullAt = Math.Max(Math.Max(_shareFullAt, _fullAt), now) + interval;
        var debt = fullAt - now;
        if (debt > capacity) return new RateLimitLease(false, 0, debt - interval, debt - capacity);
        _shareFullAt = fullAt;
        _owedUntil = Math.Max(_owedUntil, now) + interval;
        limits.Took("share");
        return new RateLimitLease(true, (int)((capacity - debt) / interval), debt, 0);
    }

    private static long ShareInterval(RateLimit limit, double share) => (long)(limit.Rate.Interval / share);

    private RateLimitLease Empty(long now) => new(false, 0, Math.Max(0, _fullAt - now), Math.Max(1, _emptyUntil - now));

    private void Count(long now, long lease)
    {
        if (now - _takenSince > lease || _takenSince == long.MinValue)
        {
            _takenBefore = _takenSince != long.MinValue && now - _takenSince <= 2 * lease ? _taken : 0;
            (_taken, _takenSince) = (0, now);
        }

        _taken++;
    }
}
