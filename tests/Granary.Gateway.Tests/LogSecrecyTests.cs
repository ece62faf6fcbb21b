using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Tests;

/// <summary>Secrets in every place that a caller can put one, and everything that is logged, at the finest level of our categories; those of ASP.NET Core are at Warning, as in appsettings.json, for they write addresses otherwise.</summary>
public sealed class LogSecrecyTests
{
    private const string Secret = "hunter2-hunter2";

    [Fact]
    public async Task No_secret_of_a_call_is_in_the_log_of_any_level()
    {
        using var everything = new EveryLine();
        await using var host = await GatewayHost.StartAsync(
            options => options.Metadata.Headers.Add("x-note"),
            services => services.AddLogging(logging => logging.AddProvider(everything).AddFilter("Granary", LogLevel.Trace).AddFilter("Microsoft", LogLevel.Warning)));
        var token = host.Token("alice", "user");
        host.Log.Expect("the password is hunter2");
        foreach (var bearer in (string?[])[token, token + Secret, Secret, "eyJhbGciOiJub25lIn0." + Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)) + ".", null])
        {
            foreach (var (method, path, type, body) in Calls())
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                if (bearer is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + bearer);
                request.Headers.TryAddWithoutValidation("Cookie", "session=" + Secret);
                request.Headers.TryAddWithoutValidation("X-Api-Key", Secret);
                request.Headers.TryAddWithoutValidation("x-note", Secret);
                if (body is not null)
                {
                    request.Content = new ByteArrayContent(body);
                    request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type!);
                }

                using var response = await host.Anonymous.SendAsync(request);
                await response.Content.ReadAsByteArrayAsync();
            }

            if (bearer is null) continue;
            var grpc = new GrpcClient(host);
            grpc.Headers["authorization"] = "Bearer " + bearer;
            grpc.Headers["x-note"] = Secret;
            foreach (var name in (string[])["SetPart", "Fail", "Wrong" + Secret]) await grpc.CallAsync(name, GrpcClient.Text(Secret), [0xff, 0xff]);
            try
            {
                await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc?access_token=" + Secret, o => o.SetRequestHeader("Authorization", "Bearer " + bearer));
                await socket.SendAsync(Secret);
                await socket.ReceiveAsync();
            }
            catch (RefusedException)
            {
            }
        }

        Assert.NotEmpty(everything.Lines);
        var told = everything.Lines.Where(line => line.Contains(Secret, StringComparison.Ordinal) || line.Contains(token, StringComparison.Ordinal) || line.Contains(GatewayHost.Key, StringComparison.Ordinal)).ToList();
        Assert.True(told.Count == 0, string.Join('\n', told.Take(5)));
    }

    private static IEnumerable<(string Method, string Path, string? Type, byte[]? Body)> Calls()
    {
        var text = Encoding.UTF8.GetBytes($$"""{"part":1,"name":"{{Secret}}"}""");
        yield return ("GET", $"/rpc/probe/{Secret}/Key", null, null);
        yield return ("GET", $"/rpc/probe/a/Count?to={Secret}&access_token={Secret}", null, null);
        yield return ("GET", $"/nowhere/{Secret}?token={Secret}", null, null);
        yield return ("POST", "/rpc/probe/a/SetPart", "application/json", text);
        yield return ("POST", "/rpc/probe/a/Multiply", "application/json", text);
        yield return ("POST", "/rpc/probe/a/Multiply", "application/json", Encoding.UTF8.GetBytes(Secret));
        yield return ("POST", "/rpc/probe/a/Fail", "application/json", Encoding.UTF8.GetBytes("""{"how":"known"}"""));
        yield return ("POST", "/rpc/probe/a/Sum", "application/x-ndjson", Encoding.UTF8.GetBytes($"1\n{Secret}\n"));
        yield return ("POST", "/jsonrpc", "application/json", Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":"{{Secret}}","method":"probe.{{Secret}}","params":["{{Secret}}"]}"""));
        yield return ("POST", "/granary.tests.v1.Probe/SetPart", "application/json", text);
        yield return ("POST", "/granary.tests.v1.Probe/SetPart", "application/proto", Encoding.UTF8.GetBytes(Secret));
    }

    private sealed class EveryLine : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        // The fields too: structured logs write them.
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{formatter(state, exception)} {exception} {(state is IEnumerable<KeyValuePair<string, object?>> fields ? string.Join(' ', fields.Select(f => f.Value)) : "")}");

        public void Dispose()
        {
        }
    }
}
