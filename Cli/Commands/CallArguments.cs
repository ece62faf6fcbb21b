using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;
using System.Text.Json;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;

namespace Granary.Cli.Commands;

/// <summary>What says which call: <c>SERVICE KEY METHOD [ARGUMENTS]</c>.</summary>
internal sealed class CallArguments
{
    private static readonly TimeSpan s_completionPatience = TimeSpan.FromMilliseconds(700);

    private readonly Argument<string> _service = new("service") { Description = "The service, for example calculator, or users/v2 for version 2." };
    private readonly Argument<string> _key = new("key") { Description = "The grain's key." };
    private readonly Argument<string> _method = new("method") { Description = "The method, for example Multiply." };
    private readonly Argument<string[]> _arguments = new("arguments") { Description = "The arguments: a JSON object, - to read one from the standard input, or name=value ..", Arity = ArgumentArity.ZeroOrMore };

    public CallArguments()
    {
        _service.CompletionSources.Add(context => IsGiven(context, _key) ? [] : Complete(context, contract => contract.Methods.Select(m => new ServiceName(m.Service, m.Version).ToString())));
        _method.CompletionSources.Add(context => !IsGiven(context, _key) || IsGiven(context, _arguments) ? [] : Complete(context, contract => contract.MethodsOf(ServiceName.Parse(context.ParseResult.GetValue(_service)!)).Select(m => m.Name)));
    }

    public void AddTo(Command command)
    {
        command.Arguments.Add(_service);
        command.Arguments.Add(_key);
        command.Arguments.Add(_method);
        command.Arguments.Add(_arguments);
    }

    /// <summary>The service argument by itself, for commands about a service.</summary>
    public static Argument<string> OptionalService()
    {
        var service = new Argument<string>("service") { Description = "The service, for example calculator, or users/v2 for version 2.", Arity = ArgumentArity.ZeroOrOne };
        service.CompletionSources.Add(context => Complete(context, contract => contract.Methods.Select(m => new ServiceName(m.Service, m.Version).ToString())));
        return service;
    }

    public (ServiceName Service, string Key, string Method) Target(ParseResult parsed) =>
        (ServiceName.Parse(parsed.GetRequiredValue(_service)), parsed.GetRequiredValue(_key) is { Length: > 0 } key ? key : throw new UsageException("the key is empty"), parsed.GetRequiredValue(_method));

    /// <summary>The arguments as a JSON object, just as they were written where they were JSON.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="placeholder">What in the text stands for a number, or null.</param>
    /// <param name="cancellation">Ends the reading of the standard input.</param>
    /// <exception cref="UsageException">They are none.</exception>
    public async Task<string> JsonAsync(ParseResult parsed, string? placeholder, CancellationToken cancellation)
    {
        var written = parsed.GetValue(_arguments) ?? [];
        if (written.Length == 0) return "{}";
        if (written is ["-"]) return Check(await Console.In.ReadToEndAsync(cancellation), "the standard input", placeholder);
        return written is [['{' or '[', ..] or [' ', ..]] ? Check(written[0], "the argument", placeholder) : Pairs(written);
    }

    private static string Check(string json, string what, string? placeholder)
    {
        try
        {
            using var document = JsonDocument.Parse(placeholder is null ? json : json.Replace(placeholder, "0", StringComparison.Ordinal));
            return document.RootElement.ValueKind == JsonValueKind.Object ? json : throw new UsageException($"{what} is no JSON object; arguments are written by name, like '{{\"a\":7,\"b\":8}}' or a=7 b=8");
        }
        catch (JsonException error)
        {
            throw new UsageException($"{what} is no JSON: {error.Message}");
        }
    }

    // A value that is JSON is that; anything else is a text.
    private static string Pairs(string[] pairs)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var pair in pairs)
            {
                var equals = pair.IndexOf('=', StringComparison.Ordinal);
                if (equals < 1) throw new UsageException($"'{pair}' is no argument; write a JSON object, -, or name=value");
                json.WritePropertyName(pair[..equals]);
                var value = pair[(equals + 1)..];
                try
                {
                    json.WriteRawValue(value);
                }
                catch (Exception exception) when (exception is JsonException or ArgumentException)
                {
                    json.WriteStringValue(value);
                }
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static bool IsGiven(CompletionContext context, Argument argument) => context.ParseResult.GetResult(argument) is { Tokens.Count: > 0 };

    // While somebody waits with a finger on the tab key: soon, or not at all.
    private static IEnumerable<string> Complete(CompletionContext context, Func<ServiceContract, IEnumerable<string>> names)
    {
        try
        {
            using var patience = new CancellationTokenSource(s_completionPatience);
            using var host = HostSettings.Connect(context.ParseResult);
            return names(ServiceContract.ReadAsync(host, patience.Token).GetAwaiter().GetResult()).Distinct(StringComparer.Ordinal).ToArray();
        }
        catch (Exception)
        {
            return [];
        }
    }
}
