using System.Net.Http.Headers;
using System.Text;
using Granary.Tests;

namespace Granary.Dashboard.Tests;

/// <summary>Calls of the sample services, good ones and bad ones, for as long as somebody looks.</summary>
internal static class Traffic
{
    private const int Callers = 4;
    private const int Keys = 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    // What the host answers is of no interest here: a killed silo fails some calls, and others fail by intent.
    private static readonly (string Path, string Body)[] s_calls =
    [
        ("/rpc/calculator/{0}/Multiply", """{"a":7,"b":8}"""),
        ("/rpc/calculator/{0}/Divide", """{"a":1,"b":{1}}"""),
        ("/rpc/inventory/sku-{0}/Restock", """{"deliveryId":"d{2}","quantity":5,"unitPrice":3}"""),
        ("/rpc/payments/tester/Deposit", """{"depositId":"d{2}","amount":100}"""),
        ("/rpc/orders/o-{2}/Place", """{"account":"tester","lines":[{"sku":"sku-{0}","quantity":1}]}"""),
        ("/rpc/greeter/{0}/Greet", "{}"),
        ("/rpc/users/nobody{0}/Get", "{}"),
        ("/rpc/devices/{0}/Ingest", """{"readings":[{"sequence":{2},"at":"2026-01-01T00:00:00Z","value":{1}}]}"""),
    ];

    internal static Task RunAsync(Uri host, CancellationToken over) => Task.WhenAll(Enumerable.Range(1, Callers).Select(i => CallAsync(host, i, over)));

    private static async Task CallAsync(Uri host, int caller, CancellationToken over)
    {
        using var client = new HttpClient { BaseAddress = host };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.For("user", "admin"));
        for (var i = 1; !over.IsCancellationRequested; i++)
        {
            var (path, body) = s_calls[(i + caller) % s_calls.Length];
            try
            {
                using var content = new StringContent(Fill(body, i, caller), Encoding.UTF8, "application/json");
                using var answer = await client.PostAsync(Fill(path, i, caller), content, over);
                await answer.Content.ReadAsByteArrayAsync(over);
                await Task.Delay(s_pause, over);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // The host ends with the test.
            }
        }
    }

    private static string Fill(string text, int i, int caller) =>
        text.Replace("{0}", $"{((i / s_calls.Length) + caller) % Keys}", StringComparison.Ordinal).Replace("{1}", $"{i % 9}", StringComparison.Ordinal).Replace("{2}", $"{(i * 100) + caller}", StringComparison.Ordinal);
}
