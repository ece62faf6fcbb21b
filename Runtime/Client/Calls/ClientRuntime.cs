using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Granary.Client.Endpoints;
using Granary.Client.Wire;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Granary.Rpc.Retries;
using Microsoft.Extensions.Logging;

namespace Granary.Client.Calls;

/// <summary>
/// Runs calls: an endpoint, an attempt, and after a failure perhaps another. Shared by all references of a client.
/// <code>
///   1  the call takes its place, and gets its deadline
///   2  an endpoint is picked, the token is at hand, the request is sent
///   3  the answer is read
///   4  refused token: a new one, and 2 once more; failed and may be repeated: a wait, and 2 with another endpoint
/// </code>
/// </summary>
internal sealed class ClientRuntime : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private readonly RetryPolicy _retries;
    private readonly TokenCache? _tokens;
    private int _calls;

    private ClientRuntime(GranaryClientOptions options, ILogger log, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve)
    {
        Options = options;
        Log = log;
        Time = time;
        _retries = new RetryPolicy(options.Retries);
        if (options.TokenProvider is { } provider) _tokens = new TokenCache(provider, options.Deadline, time);
        Endpoints = new EndpointSet(options, time, (address, machine) => new Endpoint(address, machine, options, time, HealthProbe.AskAsync, OnChanged), resolve);
    }

    public GranaryClientOptions Options { get; }

    public ILogger Log { get; }

    public TimeProvider Time { get; }

    public EndpointSet Endpoints { get; }

    /// <summary>Cancelled when the client is disposed of.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static ClientRuntime Create(GranaryClientOptions options, ILoggerFactory loggers, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        GranaryClientOptionsValidation.Check(options);
        return new ClientRuntime(options, loggers.CreateLogger("Granary.Client"), time, resolve);
    }

    /// <exception cref="RpcException">Too many calls are under way.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed of.</exception>
    public void Enter()
    {
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, typeof(GranaryClient));
        if (Interlocked.Increment(ref _calls) <= Options.MaximumCalls) return;
        Interlocked.Decrement(ref _calls);
        throw new RpcException(StatusCode.ResourceExhausted, $"{Options.MaximumCalls} calls of this client are under way, and no more are allowed; the option MaximumCalls sets that");
    }

    public void Leave() => Interlocked.Decrement(ref _calls);

    /// <summary>A call with one answer.</summary>
    /// <exception cref="RpcException">It ended with an error.</exception>
    /// <exception cref="OperationCanceledException">Its caller cancelled.</exception>
    public async Task<TResult> CallAsync<TResult>(RpcOutboundCall<TResult> call, byte[] first, CallOptions options, CancellationToken cancellation)
    {
        try
        {
            using var scope = CallScope.Begin(this, call.Method, options, cancellation);
            return await RunAsync(scope, call, first, static async (exchange, call, scope) =>
            {
                await using (exchange)
                {
                    try
                    {
                        return await ReadOnlyAsync(exchange, call, scope);
                    }
                    finally
                    {
                        if (scope.Options.Response is { } metadata) exchange.CopyMetadata(metadata);
                    }
                }
            });
        }
        finally
        {
            if (call.Items is { } items) await items.DisposeAsync();
        }
    }

    /// <summary>Sends a call that answers with a stream; completes when the answer begins. The exchange is the caller's to dispose of.</summary>
    /// <exception cref="RpcException">It ended with an error.</exception>
    /// <exception cref="OperationCanceledException">Its caller cancelled.</exception>
    public Task<GrpcExchange> OpenAsync<TResult>(CallScope scope, RpcOutboundCall<TResult> call, byte[] first) =>
        RunAsync(scope, call, first, static (exchange, _, _) => Task.FromResult(exchange));

    public ValueTask DisposeAsync()
    {
        _closing.Cancel();
        Endpoints.Dispose();
        return default;
    }

    private static async Task<TResult> ReadOnlyAsync<TResult>(GrpcExchange exchange, RpcOutboundCall<TResult> call, CallScope scope)
    {
        if (await exchange.ReadAsync(scope.Token) is not { } message) throw new AttemptException(new RpcException(StatusCode.Internal, "the call ended well, but without its answer"));
        var result = Read(call, message.Span);
        return await exchange.ReadAsync(scope.Token) is null ? result : throw new AttemptException(new RpcException(StatusCode.Internal, "there is more than one answer to a call that has one"));
    }

    /// <summary>Reads a reply message.</summary>
    /// <exception cref="AttemptException">The bytes are no such message.</exception>
    internal static TResult Read<TResult>(RpcOutboundCall<TResult> call, ReadOnlySpan<byte> message)
    {
        try
        {
            var reader = new WireReader(message);
            return call.ReadReply(ref reader);
        }
        catch (WireFormatException error)
        {
            throw new AttemptException(new RpcException(StatusCode.Internal, $"the answer is no {call.Method.Reply.FullName}: {error.Message}", error));
        }
    }

    private async Task<T> RunAsync<T, TCall>(CallScope scope, TCall call, byte[] first, Func<GrpcExchange, TCall, CallScope, Task<T>> use)
        where TCall : RpcOutboundCall
    {
        _retries.Begin();
        Endpoint? tried = null;
        var refreshed = false;
        for (var attempt = 1; ; attempt++)
        {
            string? token = null;
            var ended = new CancellationTokenSource();
            var content = new GrpcContent(first, call.Items, Options.RequestBytes, ended.Token);
            AttemptException failure;
            try
            {
                tried = await PickAsync(tried, scope);
                token = await TokenAsync(scope);
                scope.OnAttempt(attempt, tried);
                var exchange = await GrpcExchange.BeginAsync(tried, Request(tried, scope, token), content, ended, Options.ReplyBytes, scope.Token);
                return await use(exchange, call, scope);
            }
            catch (AttemptException error)
            {
                failure = error;
            }
            catch (Exception error)
            {
                throw scope.Outcome(error);
            }

            // What has been taken of the caller's stream cannot be taken again.
            var isOver = scope.Token.IsCancellationRequested || (call.Items is not null && content.HasBegun);
            if (!isOver && failure.Error.Code == StatusCode.Unauthenticated && token is not null && !refreshed)
            {
                _tokens!.Refuse(token);
                refreshed = true;
                tried = null;
                continue;
            }

            if (isOver || !MayRepeat(scope.Method, failure) || _retries.Next(attempt, failure.Error.RetryAfter, scope.Left ?? TimeSpan.MaxValue, failure.IsUnsent) is not { } wait) Throw(scope.Outcome(failure));
            else await WaitAsync(wait, scope);
        }
    }

    private static bool MayRepeat(RpcMethod method, AttemptException failure) =>
        failure.MayRepeat && (failure.IsUnsent || (failure.Error.Code == StatusCode.Unavailable && method.IsRepeatable));

    private static void Throw(Exception outcome) => ExceptionDispatchInfo.Throw(outcome);

    private async Task WaitAsync(TimeSpan wait, CallScope scope)
    {
        try
        {
            if (wait > TimeSpan.Zero) await Task.Delay(wait, Time, scope.Token);
        }
        catch (OperationCanceledException error)
        {
            throw scope.Outcome(error);
        }
    }

    private async ValueTask<Endpoint> PickAsync(Endpoint? tried, CallScope scope)
    {
        try
        {
            return await Endpoints.PickAsync(tried, scope.Token);
        }
        catch (SocketException error)
        {
            throw new AttemptException(new RpcException(StatusCode.Unavailable, $"the name of no endpoint resolves: {string.Join(", ", Options.Endpoints)}", error)) { IsUnsent = true };
        }
    }

    private async ValueTask<string?> TokenAsync(CallScope scope)
    {
        if (_tokens is null) return null;
        try
        {
            return await _tokens.GetAsync().WaitAsync(scope.Token);
        }
        catch (Exception error) when (!scope.Token.IsCancellationRequested)
        {
            throw new RpcException(StatusCode.Unauthenticated, "the client's TokenProvider failed", error);
        }
    }

    private HttpRequestMessage Request(Endpoint endpoint, CallScope scope, string? token)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.Address, $"/{scope.Method.Service.FullName}/{scope.Method.Name}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var headers = request.Headers;
        foreach (var (name, value) in scope.Options.Headers) headers.TryAddWithoutValidation(name, value);
        foreach (var (name, value) in Options.Headers)
        {
            if (!scope.Options.Headers.ContainsKey(name)) headers.TryAddWithoutValidation(name, value);
        }

        headers.TryAddWithoutValidation("te", "trailers");
        if (scope.Left is { } left) headers.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(left));
        if (token is not null && !headers.NonValidated.Contains("authorization")) headers.TryAddWithoutValidation("authorization", token);
        return request;
    }

    private void OnChanged(Endpoint endpoint, bool isAvailable)
    {
        if (isAvailable)
        {
            ClientLog.EndpointBack(Log, endpoint);
            return;
        }

        ClientTelemetry.Ejections.Add(1);
        ClientLog.EndpointLeftOut(Log, endpoint);
    }
}
