using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;

namespace Granary.Cli.Commands;

/// <summary><c>granary call</c>: one call of any kind.</summary>
internal static class CallCommand
{
    private const string Ndjson = "application/x-ndjson";

    public static Command Create()
    {
        var arguments = new CallArguments();
        var raw = new Option<bool>("--raw") { Description = "Print the answer as it came, byte for byte." };
        var timeout = new Option<string?>("--timeout") { Description = "How long the call may take, for example 2.5, 500ms, 2s or 1m.", HelpName = "time" };
        var command = new Command("call", "Calls a method. A stream is printed line by line; a method that takes a stream reads its items from the standard input, one JSON value a line.") { raw, timeout };
        arguments.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (service, key, method) = arguments.Target(parsed);
            using var host = HostSettings.Connect(parsed);

            // Only the contract tells a call whose items are to be read; a host that does not publish it can do without.
            var contract = (await ServiceContract.TryReadAsync(host, cancellation))?.Find(service, method);
            using var request = Request(service.PathOf(key, method), contract, await arguments.JsonAsync(parsed, null, cancellation));
            if (parsed.GetValue(timeout) is { } time) request.Headers.TryAddWithoutValidation("Request-Timeout", time);
            using var response = await host.SendForSuccessAsync(request, cancellation);
            await PrintAsync(response, parsed.GetValue(raw), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static HttpRequestMessage Request(string path, MethodContract? contract, string json)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.TryAddWithoutValidation("Accept", $"{Ndjson}, application/json");
        if (contract?.Item is null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            return request;
        }

        if (!Console.IsInputRedirected) Console.Error.WriteLine("Items from the keyboard, one JSON value a line; Ctrl-D ends them.");
        request.RequestUri = new Uri(path + Query(json), UriKind.Relative);
        request.Content = new InputContent();

        // Both directions at once: .NET's client does that on HTTP/2 only.
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return request;
    }

    // Beside a stream, the other arguments are in the query.
    private static string Query(string json)
    {
        using var document = JsonDocument.Parse(json);
        var query = new StringBuilder();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array) throw new UsageException($"{member.Name}: beside a stream only texts, numbers, true and false can be arguments");
            query.Append(query.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(member.Name)).Append('=').Append(Uri.EscapeDataString(member.Value.ToString()));
        }

        return query.ToString();
    }

    private static async Task PrintAsync(HttpResponseMessage response, bool raw, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        await using var output = Console.OpenStandardOutput();
        if (response.Content.Headers.ContentType?.MediaType != Ndjson)
        {
            if (raw)
            {
                await body.CopyToAsync(output, cancellation);
                return;
            }

            using var buffer = new MemoryStream();
            await body.CopyToAsync(buffer, cancellation);
            if (buffer.Length == 0) return;
            using var result = JsonDocument.Parse(buffer.ToArray());
            await WriteAsync(output, JsonText.Of(result.RootElement, indented: true, Terminal.Color), cancellation);
            return;
        }

        using var lines = new StreamReader(body, Encoding.UTF8);
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Length == 0) continue;
            using var item = JsonDocument.Parse(line);
            if (Problem.OfLastLine(item.RootElement) is { } problem) throw new CallFailedException(problem);
            await WriteAsync(output, raw ? line : JsonText.Of(item.RootElement, indented: false, Terminal.Color), cancellation);
        }
    }

    private static async Task WriteAsync(Stream output, string line, CancellationToken cancellation)
    {
        await output.WriteAsync(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{line}\n")), cancellation);
        await output.FlushAsync(cancellation);
    }

    /// <summary>The standard input as a body, sent as it comes.</summary>
    private sealed class InputContent : HttpContent
    {
        public InputContent() => Headers.ContentType = new(Ndjson);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await using var input = Console.OpenStandardInput();
            var buffer = new byte[16 * 1024];

            // The head first: an answer may come before the first item is typed.
            await stream.FlushAsync(cancellationToken);
            while (await input.ReadAsync(buffer, cancellationToken) is var read and > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
