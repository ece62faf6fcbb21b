using System.CommandLine;
using System.Text.Json;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;
using Spectre.Console;

namespace Granary.Cli.Commands;

/// <summary><c>granary describe</c>: the methods of a service and the types they use.</summary>
internal static class DescribeCommand
{
    public static Command Create()
    {
        var service = CallArguments.OptionalService();
        service.Arity = ArgumentArity.ExactlyOne;
        var command = new Command("describe", "Shows the methods of a service, and the types they use.") { service };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = ServiceName.Parse(parsed.GetRequiredValue(service));
            using var host = HostSettings.Connect(parsed);
            var contract = await ServiceContract.ReadAsync(host, cancellation);
            var methods = contract.MethodsOf(name);
            Line($"[bold]{Markup.Escape(name.ToString())}[/]  {Safe(contract.SummaryOf(name.Name))}");
            foreach (var method in methods)
            {
                Line("");
                Line($"[bold]{Markup.Escape(method.Name)}[/]{Markup.Escape(Signature(method, contract.Schemas))}");
                if (method.Summary.Length > 0) Line("  " + Safe(method.Summary));
                if (method.Access.Length > 0) Line("  " + Safe(method.Access));
                if (method.IsDeprecated) Line("  Deprecated.");
                Line($"  [grey]{(method.HasGet ? "GET, POST" : "POST")} {Markup.Escape(method.Route.Path)}[/]");
                foreach (var route in contract.Routes.Where(r => (r.Service, r.Version, r.Method) == (method.Service, method.Version, method.Name) && r.Path != method.Route.Path)) Line($"  [grey]{route.Verb} {Markup.Escape(route.Path)}[/]");
            }

            foreach (var (type, schema) in contract.Schemas.Named(methods.SelectMany(m => new[] { m.Arguments, m.Item, m.Result }).OfType<JsonElement>())) Describe(type, schema, contract.Schemas);
            return ExitCode.Ok;
        });
        return command;
    }

    // Multiply(a: double, b: double) -> double
    private static string Signature(MethodContract method, SchemaText schemas)
    {
        List<string> arguments = [];
        if (method.Arguments is { } body)
        {
            if (body.TryGetProperty("properties", out var properties)) arguments.AddRange(Members(body, properties, schemas).Select(m => $"{m.Name}: {m.Type}"));
            else arguments.Add(schemas.Of(body));
        }

        arguments.AddRange(method.Query.Select(q => $"{q.GetProperty("name").GetString()}{(IsRequired(q) ? "" : "?")}: {schemas.Of(q.GetProperty("schema"))}"));
        if (method.Item is { } item) arguments.Add($"stream {schemas.Of(item)}");
        var result = method.Result is { } type ? $" -> {(method.IsResultStream ? "stream " : "")}{schemas.Of(type)}" : "";
        return $"({string.Join(", ", arguments)}){result}";
    }

    private static void Describe(string type, JsonElement schema, SchemaText schemas)
    {
        Line("");
        Line($"[bold]{Markup.Escape(type)}[/]{(schema.TryGetProperty("description", out var text) ? "  " + Safe(text.GetString()!) : "")}");
        if (!schema.TryGetProperty("properties", out var properties))
        {
            Line("  " + Safe(schemas.Of(schema)));
            return;
        }

        foreach (var (name, typeText, description) in Members(schema, properties, schemas)) Line($"  {Markup.Escape(name)}: {Safe(typeText)}{(description.Length > 0 ? "  [grey]" + Safe(description) + "[/]" : "")}");
    }

    private static IEnumerable<(string Name, string Type, string Description)> Members(JsonElement schema, JsonElement properties, SchemaText schemas)
    {
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(n => n.GetString()!).ToHashSet(StringComparer.Ordinal) : [];
        return properties.EnumerateObject().Select(p => (p.Name + (required.Contains(p.Name) ? "" : "?"), schemas.Of(p.Value), p.Value.TryGetProperty("description", out var text) ? text.GetString()! : ""));
    }

    private static bool IsRequired(JsonElement parameter) => parameter.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.True;

    private static string Safe(string text) => Markup.Escape(Terminal.Clean(text));

    private static void Line(string markup) => Terminal.Out.MarkupLine(markup);
}
