using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Gateway.Tests.Support;

/// <summary>Objects in the place of grains: the gateway is tested without an engine. One set for each test.</summary>
internal sealed class Grains : IGrainFactory
{
    /// <summary>What <see cref="IProbeGrain.Live"/> streams.</summary>
    public Channel<Parcel> Live { get; } = Channel.CreateUnbounded<Parcel>();

    /// <summary>Completes when a waiting or streaming method has begun.</summary>
    public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets <see cref="IProbeGrain.Hesitate"/> read and <see cref="IProbeGrain.Hold"/> end.</summary>
    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the token of a waiting method has fired or a stream was disposed.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What <see cref="IProbeGrain.Forget"/> was told.</summary>
    public TaskCompletionSource<string> Forgotten { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What <see cref="IProbeGrain.Key"/> does instead of answering.</summary>
    public Func<CancellationToken, Task<string>>? OnKey { get; set; }

    /// <summary>How many items of <see cref="IProbeGrain.Flood"/> were asked for.</summary>
    public int Flooded;

    private int _held;

    /// <summary>Waits until that many calls are held.</summary>
    public async Task HeldAsync(int count)
    {
        for (var tries = 0; Volatile.Read(ref _held) < count; tries++)
        {
            Assert.True(tries < 6000, $"Only {_held} calls began.");
            await Task.Delay(10);
        }

        Assert.Equal(count, Volatile.Read(ref _held));
    }

    /// <summary>Waits until no more of a flood is asked for: what is in flight is bounded by the buffers on the way, so the count comes to rest when nobody reads.</summary>
    public async Task HeldBackAsync()
    {
        var count = -1;
        for (var quiet = 0; quiet < 10; quiet = count > 0 && Volatile.Read(ref Flooded) == count ? quiet + 1 : 0)
        {
            count = Volatile.Read(ref Flooded);
            await Task.Delay(50);
            Assert.True(count < 10_000, "The grain was not held back.");
        }
    }

    /// <summary>What was left of the deadline in the last call.</summary>
    public TimeSpan? Remaining { get; set; }

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey => (TGrainInterface)(object)new Probe(this, primaryKey);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey => (TGrainInterface)(object)new Numbered(primaryKey);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey => (TGrainInterface)(object)new Unique(primaryKey);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => (TGrainObserverInterface)obj;

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
    }

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) => throw new NotSupportedException();

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) => throw new NotSupportedException();

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => throw new NotSupportedException();

    public IAddressable GetGrain(GrainId grainId) => throw new NotSupportedException();

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => throw new NotSupportedException();

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix) => throw new NotSupportedException();

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey) => throw new NotSupportedException();

    internal sealed class Numbered(long key) : INumberedGrain
    {
        public Task<long> Key(CancellationToken ct) => Task.FromResult(key);
    }

    internal sealed class Unique(Guid key) : IUniqueGrain
    {
        public Task<Guid> Key(CancellationToken ct) => Task.FromResult(key);
    }

    internal sealed class Probe(Grains grains, string key) : IProbeGrain, IProbeGrainV2, IHiddenGrain
    {
        public Task<string> Key(CancellationToken ct) => grains.OnKey?.Invoke(ct) ?? Task.FromResult(key);

        public Task<double> Multiply(double a, double b, CancellationToken ct) => Task.FromResult(a * b);

        public Task<long> Add(int a, long b, CancellationToken ct) => Task.FromResult(a + b);

        public Task<Parcel?> Pack(Parcel? parcel, IReadOnlyList<int> sizes, CancellationToken ct)
        {
            if (parcel is not null) parcel.Weight += sizes.Sum();
            return Task.FromResult(parcel);
        }

        public Task Nothing(CancellationToken ct) => Task.CompletedTask;

        public Task Forget(string text)
        {
            grains.Forgotten.TrySetResult(text);
            return Task.CompletedTask;
        }

        public async Task<string> Fail(string how, CancellationToken ct)
        {
            await Task.Yield();
            throw Error(how);
        }

        public async Task<string> Wait(CancellationToken ct)
        {
            grains.Remaining = RpcDeadline.Remaining;
            using var ended = ct.UnsafeRegister(_ => grains.Ended.TrySetResult(), null);
            grains.Begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, ct);
            return "never";
        }

        public async Task<string> Hold(CancellationToken ct)
        {
            Interlocked.Increment(ref grains._held);
            await grains.Go.Task.WaitAsync(ct);
            return "held";
        }

        public Task<string> WaitBriefly(CancellationToken ct) => Wait(ct);

        public Task<Dictionary<string, string>> WhoAmI(CancellationToken ct) => Task.FromResult(Entries().ToDictionary(e => e.Key, e => e.Value));

        // The caller in words, the rest as it is.
        private static IEnumerable<(string Key, string Value)> Entries()
        {
            foreach (var (name, value) in RequestContext.Entries)
            {
                if (name != RpcCaller.ContextKey) yield return (name, (string)value);
            }

            var caller = RpcCaller.Current!;
            yield return ("granary.subject", caller.Subject);
            yield return ("granary.roles", string.Join(',', caller.Roles));
            if (caller.Tenant is not null) yield return ("granary.tenant", caller.Tenant);
            if (caller.Region is not null) yield return ("granary.region", caller.Region);
        }

        public Task<string> ForAdmins(CancellationToken ct) => Task.FromResult("in");

        public Task<string> ForScopes(CancellationToken ct) => Task.FromResult("in");

        public Task<string> ForTenant(CancellationToken ct) => Task.FromResult("in");

        public Task<string> Open(CancellationToken ct) => Task.FromResult("open");

        public Task<string> Scarce(CancellationToken ct) => Task.FromResult("here you are");

        public Task<string> SetPart(int part, string name, bool fast, CancellationToken ct) => Task.FromResult($"{key}/{part}={name}{(fast ? "!" : "")}");

        public Task<string> GetPart(int part, string? unit, CancellationToken ct) => Task.FromResult($"{key}/{part}{unit}");

        public Task<string> Register(NamedParcel parcel, CancellationToken ct) => Task.FromResult($"{key}:{parcel.Name}:{parcel.Pieces}");

        public async IAsyncEnumerable<long> Count(long to, [EnumeratorCancellation] CancellationToken ct)
        {
            for (var i = 1; i <= to; i++)
            {
                if (i % 3 == 0) await Task.Yield();
                yield return i;
            }
        }

        public async IAsyncEnumerable<long> Break(int after, string how, [EnumeratorCancellation] CancellationToken ct)
        {
            for (var i = 1; i <= after; i++) yield return i;
            await Task.Yield();
            throw Error(how);
        }

        public async IAsyncEnumerable<Parcel> Live([EnumeratorCancellation] CancellationToken ct)
        {
            grains.Begun.TrySetResult();
            try
            {
                await foreach (var parcel in grains.Live.Reader.ReadAllAsync(ct)) yield return parcel;
            }
            finally
            {
                grains.Ended.TrySetResult();
            }
        }

        public async IAsyncEnumerable<string> Flood([EnumeratorCancellation] CancellationToken ct)
        {
            var text = new string('x', 32 * 1024);
            try
            {
                while (true)
                {
                    ct.ThrowIfCancellationRequested();
                    Interlocked.Increment(ref grains.Flooded);
                    yield return text;
                    await Task.Yield();
                }
            }
            finally
            {
                grains.Ended.TrySetResult();
            }
        }

        public async Task<double> Sum(RpcStream<double> numbers, double start, CancellationToken ct)
        {
            grains.Begun.TrySetResult();
            await foreach (var number in numbers.WithCancellation(ct)) start += number;
            return start;
        }

        public async IAsyncEnumerable<double> RunningSum(RpcStream<double> numbers, [EnumeratorCancellation] CancellationToken ct)
        {
            var sum = 0.0;
            await foreach (var number in numbers.WithCancellation(ct)) yield return sum += number;
        }

        public async Task<int> Hesitate(RpcStream<double> numbers, CancellationToken ct)
        {
            grains.Begun.TrySetResult();
            using var ended = ct.UnsafeRegister(_ => grains.Ended.TrySetResult(), null);
            await grains.Go.Task.WaitAsync(ct);
            var count = 0;
            await foreach (var number in numbers.WithCancellation(ct)) count++;
            return count;
        }

        public async Task<int> TakeUntilHeavy(RpcStream<Parcel> parcels, CancellationToken ct)
        {
            var taken = 0;
            await foreach (var parcel in parcels.WithCancellation(ct))
            {
                taken++;
                if (parcel.Weight > 100) break;
            }

            return taken;
        }

        public Task<string> Old(CancellationToken ct) => Task.FromResult("old");

        public Task<int> OnlyInTwo(CancellationToken ct) => Task.FromResult(2);

        public Task<string> Secret() => Task.FromResult("secret");

        private static Exception Error(string how) => Enum.TryParse<StatusCode>(how, out var code)
            ? new RpcException(code, "told to: " + how) { Violations = code == StatusCode.InvalidArgument ? [new FieldViolation("how", "do not ask for this")] : [], RetryAfter = code == StatusCode.Unavailable ? TimeSpan.FromSeconds(7) : null }
            : how switch
            {
                "timeout" => new TimeoutException("connection string: server=secret"),
                "cancelled" => new OperationCanceledException("secret"),
                _ => new InvalidOperationException("the password is hunter2"),
            };
    }
}
