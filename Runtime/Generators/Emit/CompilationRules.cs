using Granary.Generators.Model;
using Granary.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Emit;

/// <summary>Rules that concern several types of one assembly.</summary>
internal static class CompilationRules
{
    public static IEnumerable<Diagnostic> Check((InterfaceModel Model, Location? Where)[] interfaces, (MessageModel Model, Location? Where)[] messages)
    {
        var problems = new Problems();
        Services(interfaces, problems);
        Routes(interfaces, problems);
        Messages(interfaces, messages, problems);
        return problems.All;
    }

    private static void Services((InterfaceModel Model, Location? Where)[] interfaces, Problems problems)
    {
        var seen = new Dictionary<(string, int), string>();
        foreach (var (model, where) in interfaces)
        {
            if (model.Service is not { } service) continue;
            if (seen.TryGetValue((service.Name, service.Version), out var other)) problems.Add(Rules.DuplicateService, where, model.FullName, other, service.Name, service.Version);
            else seen.Add((service.Name, service.Version), model.FullName);
        }
    }

    private static void Routes((InterfaceModel Model, Location? Where)[] interfaces, Problems problems)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (model, where) in interfaces)
        {
            foreach (var method in model.Methods)
            {
                if (method.Rpc is not { HttpVerb: { } verb, HttpPath: { } path }) continue;
                var name = model.FullName + "." + method.Name;
                var route = HttpRoutes.Normalize(verb, path);
                if (seen.TryGetValue(route, out var other)) problems.Add(Rules.DuplicateRoute, where, name, other, verb + " " + path);
                else seen.Add(route, name);
            }
        }
    }

    private static void Messages((InterfaceModel Model, Location? Where)[] interfaces, (MessageModel Model, Location? Where)[] messages, Problems problems)
    {
        var taken = MessageNames.Taken([.. interfaces.Select(i => i.Model)], messages.Select(m => m.Model).ToEquatable());
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (model, where) in messages) Add(model.FullName, model.DisplayName, where);
        foreach (var (model, where) in interfaces)
        {
            if (model.Service is not { } service) continue;
            Add(service.FullName, model.FullName, where);
            foreach (var method in model.Methods)
            {
                foreach (var name in ServiceEmitter.AddedMessages(service, method, taken)) Add(service.Package + "." + name, $"the messages of {model.FullName}.{method.Name}", where);
            }
        }

        void Add(string name, string owner, Location? where)
        {
            if (seen.TryGetValue(name, out var other)) problems.Add(Rules.NameCollision, where, owner, other, name);
            else seen.Add(name, owner);
        }
    }
}
