using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Admission;

/// <summary>
/// The buckets that all gateways of a service share. Never throws and never waits for longer than <see cref="SharedRateLimitOptions.Timeout"/>. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   shared   tokens come from the store                          -> share, by any request that fails or takes too long
///   share    this gateway grants its share of each limit itself  -> shared, by a beat that succeeds, Retry after the last failure or later
/// </code>
/// It begins in share. In shared, the number of gateways is learnt with every beat.
/// </remarks>
internal sealed class SharedRateLimits : BackgroundService
{
    private const int SettledAtOnce = 64;

    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_firstBeat = TimeSpan.FromSeconds(2);

    private readonly ISharedTokens? _store;
    private readonly SharedRateLimitOptions _options;
    private readonly bool _isWanted;
    private readonly TimeProvider _time;
    private readonly GatewayInstruments _instruments;
    private readonly ILogger<SharedRateLimits> _log;
    private readonly PartitionTable<SharedBucket> _buckets;
    private volatile bool _isShared;
    private volatile int _gateways;
    private long _failedAt;
    private bool _hasTold;

    public SharedRateLimits(IOptions<GatewayOptions> options, TimeProvider time, GatewayInstruments instruments, ILogger<SharedRateLimits> log, ISharedTokens? store = null)
    {
        var limits = options.Value.RateLimits;
        _options = limits.Shared;
        _isWanted = limits.Enabled && limits.Policies.Values.Append(limits.Default).Any(p => p.Shared);
        _time = time;
        _instruments = instruments;
        _log = log;
        _store = store;
        _buckets = new PartitionTable<SharedBucket>(limits.MaximumBuckets, time);
        LeaseTime = Timestamps(_options.Lease);
        _failedAt = time.GetTimestamp() - Timestamps(_options.Retry);
        if (IsAvailable && _isWanted) instruments.WatchSharedRateLimits(() => _isShared);
    }

    /// <summary>Whether there is a store at all.</summary>
    public bool IsAvailable => _store is not null;

    /// <summary>Whether any limit was shared at the start: only then the store is asked.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>Whether limits are to be shared and the store does not answer.</summary>
    public bool IsAway => _isWanted && IsAvailable && !_isShared;

    /// <summary>Whether the store answers.</summary>
    public bool IsShared => _isShared;

    /// <summary>The part of each limit that this gateway grants while the store does not answer.</summary>
    public double Share => _gateways is var n and > 0 ? Math.Max(1.0 / n, _options.LeastShare) : _options.LeastShare;

    internal long Now => _time.GetTimestamp();

    internal long LeaseTime { get; }

    /// <summary>Takes a token of each rule's bucket, or none.</summary>
    public ValueTask<RateLimitOutcome> TakeAsync(RateLimitRule[] rules, RateLimitCaller caller)
    {
        var now = Now;
        if (IsShared)
        {
            // What is known to be refused costs neither a question nor a token of the others.
            foreach (var rule in rules)
            {
                var key = rule.Key(caller);
                if (_buckets.Get(ref key, now).IsKnownEmpty(now, out var lease)) return new(new RateLimitOutcome { Tokens = rule.Limit, Lease = lease, Refused = rule.Limit });
            }
        }

        if (rules.Length > 1) return TakeAllAsync(rules, caller, now);
        var taking = Take(rules[0], caller, now);
        return taking.IsCompletedSuccessfully ? new(Outcome(rules[0], taking.Result)) : AwaitAsync(rules[0], taking);
    }

    internal void Took(string from) => _instruments.RateLimitTook(from);

    internal long Timestamps(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    internal SharedRequest Request(RateLimit limit, string partition) => new(limit.Name, partition, limit.Policy.Period.TotalMicroseconds / limit.Policy.Tokens, limit.Rate.Burst);

    /// <summary>The most tokens to fetch ahead: this gateway's part of what comes in during a lease.</summary>
    internal int MostAhead(RateLimit limit) => (int)Math.Min(int.MaxValue, LeaseTime / limit.Rate.Interval / Math.Max(1, _gateways));

    /// <summary>Null when the store did not answer.</summary>
    internal async ValueTask<SharedAnswer?> AskAsync(SharedRequest request)
    {
        if (!_isShared) return null;
        try
        {
            return await _store!.TakeAsync(request, _options.Timeout).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Fail(error);
            return null;
        }
    }

    /// <summary>One beat.</summary>
    internal async Task BeatAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        try
        {
            _gateways = await _store!.BeatAsync(timeout, cancellation).ConfigureAwait(false);
            if (_isShared || _time.GetElapsedTime(Volatile.Read(ref _failedAt)) < _options.Retry) return;
            _isShared = true;
            if (_hasTold) GatewayLog.RateLimitsShared(_log, _gateways);
            _hasTold = false;
            await SettleAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            Fail(error);
        }
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_isWanted && !IsAvailable) GatewayLog.RateLimitsAlone(_log);

        // Calls that come before the first answer would get by with the least share.
        if (_isWanted && IsAvailable) await BeatAsync(s_firstBeat, cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_isWanted || !IsAvailable) return;
        using var timer = new PeriodicTimer(s_beat < _options.Retry ? s_beat : _options.Retry, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) await BeatAsync(_options.Timeout, stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (!_isShared) return;
            try
            {
                await _store!.LeaveAsync().ConfigureAwait(false);
            }
            catch (Exception)
            {
                // It is forgotten when it has been silent for long enough.
            }
        }
    }

    private static async ValueTask<RateLimitOutcome> AwaitAsync(RateLimitRule rule, ValueTask<RateLimitLease> taking) => Outcome(rule, await taking.ConfigureAwait(false));

    private static RateLimitOutcome Outcome(RateLimitRule rule, in RateLimitLease lease) => new() { Tokens = rule.Limit, Lease = lease, Refused = lease.Granted ? null : rule.Limit };

    private async ValueTask<RateLimitOutcome> TakeAllAsync(RateLimitRule[] rules, RateLimitCaller caller, long now)
    {
        // All are on their way at once: one round trip.
        var taking = new Task<RateLimitLease>[rules.Length];
        for (var i = 0; i < rules.Length; i++) taking[i] = Take(rules[i], caller, now).AsTask();
        var leases = await Task.WhenAll(taking).ConfigureAwait(false);
        var nearest = Outcome(rules[0], leases[0]);
        for (var i = 1; i < rules.Length && nearest.IsGranted; i++)
        {
            var outcome = Outcome(rules[i], leases[i]);
            nearest = outcome.IsGranted ? RateLimitOutcome.Nearer(nearest, outcome) : outcome;
        }

        if (nearest.IsGranted) return nearest;
        for (var i = 0; i < rules.Length; i++)
        {
            if (!leases[i].Granted) continue;
            var key = rules[i].Key(caller);
            _buckets.Get(ref key, now).GiveBack(this);
        }

        return nearest;
    }

    private ValueTask<RateLimitLease> Take(RateLimitRule rule, in RateLimitCaller caller, long now)
    {
        var key = rule.Key(caller);
        while (true)
        {
            if (_buckets.Get(ref key, now).TryTake(this, rule, key, now, out var lease)) return lease;
        }
    }

    private void Fail(Exception error)
    {
        Volatile.Write(ref _failedAt, _time.GetTimestamp());
        _isShared = false;
        if (_hasTold) return;
        _hasTold = true;
        GatewayLog.RateLimitsNotShared(_log, Share, error.Message);
    }

    // So that what this gateway granted meanwhile counts for the others too, whether or not it is called again.
    private async Task SettleAsync()
    {
        foreach (var some in _buckets.All().Chunk(SettledAtOnce))
        {
            if (!_isShared) return;
            await Task.WhenAll(some.Select(b => b.SettleAsync(this, Now))).ConfigureAwait(false);
        }
    }
}
