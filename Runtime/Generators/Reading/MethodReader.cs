using Granary.Generators.Model;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Reads one method of a grain interface or observer.</summary>
internal static class MethodReader
{
    private const string Token = "System.Threading.CancellationToken";

    public static string Signature(IMethodSymbol method) => $"{Names.Short(method.ContainingType)}.{method.Name}({string.Join(", ", method.Parameters.Select(p => Names.Short(p.Type)))})";

    /// <summary>The model, or null after a problem.</summary>
    public static MethodModel? Read(IMethodSymbol method, INamedTypeSymbol type, bool isObserver, bool isExposed, TypeReader types)
    {
        var problems = types.Problems;
        var before = problems.Count;
        var where = method.Where() ?? type.Where();
        var path = Names.Short(method.ContainingType) + "." + method.Name;
        if (method.IsGenericMethod)
            problems.Add(Rules.Generic, where, path, "Write one method for each type, or take a type with a [Union].");
        var parameters = new List<ParameterModel>();
        var arguments = new List<FieldModel>();
        foreach (var parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None) problems.Add(Rules.ByReference, where, path, parameter.Name);
            var declared = parameter.Type.ToDisplayString(Names.Declared);
            if (Names.Definition(parameter.Type) == Token)
            {
                if (parameters.Any(p => p.Argument < 0)) problems.Add(Rules.TwoTokens, where, path);
                parameters.Add(new ParameterModel(declared, Names.Escape(parameter.Name), -1));
                continue;
            }

            parameters.Add(new ParameterModel(declared, Names.Escape(parameter.Name), arguments.Count));
            if (method.IsGenericMethod) continue;
            if (ReadArgument(method, parameter, arguments.Count + 2, path, where, types) is { } argument) arguments.Add(argument);
        }

        var (returns, resultType) = ReturnOf(method);
        var isOneWay = method.Has("Orleans.Concurrency.OneWayAttribute");
        if (returns is null || (returns == ReturnKind.Void && !isObserver && !isOneWay) || (isOneWay && resultType is not null))
            problems.Add(Rules.ReturnType, where, path, Names.Short(method.ReturnType));
        TypeModel? result = null;
        string? wrapper = null;
        if (resultType is not null && !method.IsGenericMethod)
        {
            (resultType, wrapper) = Unwrap(resultType);
            result = types.Read(resultType, path + " result", where, TypeUse.Result);
            if (result is not null && wrapper is not null) result = result with { Immutable = true };
        }

        CheckStreams(arguments, path, where, problems);
        if (problems.Count != before) return null;
        var model = new MethodModel
        {
            Name = Names.Escape(method.Name),
            UniqueName = method.Name,
            DeclaringType = method.ContainingType.ToDisplayString(Names.Declared),
            Returns = returns!.Value,
            DeclaredReturn = DeclaredReturn(method, returns.Value, wrapper ?? result?.Declared),
            Result = result,
            ResultWrapper = wrapper,
            Parameters = parameters.ToEquatable(),
            Arguments = arguments.ToEquatable(),
            ParameterTypes = method.Parameters.Select(p => p.Type.ToDisplayString(Names.Plain)).ToEquatable(),
            Id = IdOf(method),
            Flags = Flags(method, returns.Value, isOneWay),
            ResponseTimeoutMs = ResponseTimeout(method, type),
        };
        return isExposed ? ServiceReader.ReadMethod(method, type, model, types) : model;
    }

    private static FieldModel? ReadArgument(IMethodSymbol method, IParameterSymbol parameter, int number, string path, Location? where, TypeReader types)
    {
        var place = $"{path}({parameter.Name})";
        var parameterType = parameter.Type;
        if (Names.Definition(parameterType) == Names.RpcStream)
        {
            if (parameterType.NullableAnnotation == NullableAnnotation.Annotated) types.Problems.Add(Rules.StreamArgument, where, place, "a stream cannot be null. Write RpcStream<T> without '?'.");

            // RpcStream<string> and RpcStream<string?> are one type at run time, with one codec.
            if (((INamedTypeSymbol)parameterType).TypeArguments[0] is { IsReferenceType: true, NullableAnnotation: NullableAnnotation.Annotated })
                types.Problems.Add(Rules.StreamArgument, where, place, "a stream cannot hold null objects. Leave them out, or send a [GenerateSerializer] record with a nullable member.");
            var item = types.Read(((INamedTypeSymbol)parameterType).TypeArguments[0], place + "[]", where, TypeUse.Argument);
            return item is null ? null : new FieldModel
            {
                Number = number,
                Name = Names.Escape(parameter.Name),
                JsonName = Names.CamelCase(parameter.Name),
                Type = new TypeModel { Name = parameterType.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString(Names.Declared), Shape = Shape.Stream, Element = item, Immutable = true },
                Summary = Documentation.Parameter(method, parameter.Name, types.Cancellation),
            };
        }

        (parameterType, var wrapper) = Unwrap(parameterType);
        if (types.Read(parameterType, place, where, TypeUse.Argument) is not { } model) return null;
        var hasDefault = parameter.HasExplicitDefaultValue;
        var literal = hasDefault && wrapper is null ? Literals.CSharp(parameter) : null;
        return new FieldModel
        {
            Number = number,
            Name = Names.Escape(parameter.Name),
            JsonName = Names.CamelCase(parameter.Name),
            Type = model,
            Required = !hasDefault && !model.Nullable,
            Default = literal,
            DefaultJson = hasDefault && wrapper is null ? Literals.Json(parameter) : null,

            // Protobuf leaves out what is 0 or empty. Where an absent argument stands for something else, what is there must be written.
            TracksPresence = literal is not null && !model.Nullable && !Literals.IsDefault(parameter.ExplicitDefaultValue),
            Shared = wrapper is not null || TypeGraph.IsMarkedImmutable(parameter),
            Wrapper = wrapper,
            Summary = Documentation.Parameter(method, parameter.Name, types.Cancellation),
        };
    }

    /// <summary>The return type with the result as it is read: code without nullable annotations may return null.</summary>
    private static string DeclaredReturn(IMethodSymbol method, ReturnKind returns, string? result) => returns switch
    {
        ReturnKind.TaskOf => $"global::System.Threading.Tasks.Task<{result}>",
        ReturnKind.ValueTaskOf => $"global::System.Threading.Tasks.ValueTask<{result}>",
        ReturnKind.Stream => $"global::System.Collections.Generic.IAsyncEnumerable<{result}>",
        _ => method.ReturnType.ToDisplayString(Names.Declared),
    };

    private static (ITypeSymbol Inner, string? Wrapper) Unwrap(ITypeSymbol type) =>
        Names.Definition(type) == Names.ImmutableWrapper ? (((INamedTypeSymbol)type).TypeArguments[0], type.ToDisplayString(Names.Declared)) : (type, null);

    private static (ReturnKind? Kind, ITypeSymbol? Result) ReturnOf(IMethodSymbol method)
    {
        if (method.ReturnsVoid) return (ReturnKind.Void, null);
        if (method.ReturnType is not INamedTypeSymbol type) return (null, null);
        return Names.Definition(type) switch
        {
            "System.Threading.Tasks.Task" => (ReturnKind.Task, null),
            "System.Threading.Tasks.ValueTask" => (ReturnKind.ValueTask, null),
            "System.Threading.Tasks.Task<TResult>" => (ReturnKind.TaskOf, type.TypeArguments[0]),
            "System.Threading.Tasks.ValueTask<TResult>" => (ReturnKind.ValueTaskOf, type.TypeArguments[0]),
            "System.Collections.Generic.IAsyncEnumerable<T>" => (ReturnKind.Stream, type.TypeArguments[0]),
            _ => (null, null),
        };
    }

    private static void CheckStreams(List<FieldModel> arguments, string path, Location? where, Problems problems)
    {
        var streams = arguments.Where(a => a.Type.Shape == Shape.Stream).ToArray();
        if (streams.Length > 1) problems.Add(Rules.StreamArgument, where, path, "it takes more than one RpcStream<T>, and a call carries one. Send items of a [Union] type through one stream.");
    }

    /// <summary>
    /// The number on the wire: <c>[Id]</c>, else a hash of <c>[Alias]</c>, else of the name and the parameter types.
    /// A cancellation token does not count, so that adding one breaks nobody.
    /// </summary>
    private static uint IdOf(IMethodSymbol method)
    {
        var id = method.IdOf();
        if (id >= 0) return (uint)id;
        if (method.Find(Names.Alias)?.FirstText() is { Length: > 0 } alias) return StableHash.Of(alias);
        var types = method.Parameters.Where(p => Names.Definition(p.Type) != Token).Select(p => Names.Readable(p.Type));
        return StableHash.Of($"{method.Name}({string.Join(",", types)})");
    }

    private static EquatableArray<string> Flags(IMethodSymbol method, ReturnKind returns, bool isOneWay)
    {
        var flags = new List<string>();
        if (method.Has("Orleans.Concurrency.ReadOnlyAttribute")) flags.Add("ReadOnly");
        if (method.Has("Orleans.Concurrency.AlwaysInterleaveAttribute")) flags.Add("AlwaysInterleave");
        if (isOneWay || returns == ReturnKind.Void) flags.Add("OneWay");
        if (method.ContainingType.Has("Orleans.Concurrency.UnorderedAttribute")) flags.Add("Unordered");
        if (returns == ReturnKind.Stream) flags.Add("Stream");
        if (method.Has(Names.Idempotent)) flags.Add("Idempotent");
        return flags.ToEquatable();
    }

    private static int ResponseTimeout(IMethodSymbol method, INamedTypeSymbol type)
    {
        var text = (method.Find("Orleans.ResponseTimeoutAttribute") ?? type.Find("Orleans.ResponseTimeoutAttribute"))?.FirstText();
        return text is not null && TimeSpan.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var timeout) && timeout.TotalMilliseconds is > 0 and < int.MaxValue
            ? (int)timeout.TotalMilliseconds
            : 0;
    }
}
