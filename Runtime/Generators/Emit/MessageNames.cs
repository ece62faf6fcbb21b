using System.Collections.Immutable;
using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>
/// The names of request and reply messages. They are the method's (<c>GetRequest</c>), unless another method or type of the package would have the same:
/// then each of those methods' messages begins with the service's name (<c>UsersGetRequest</c>).
/// </summary>
internal static class MessageNames
{
    /// <summary>The full names that more than one would have.</summary>
    public static EquatableArray<string> Taken(ImmutableArray<InterfaceModel> interfaces, EquatableArray<MessageModel> messages)
    {
        var added = from i in interfaces
                    where i.Service is not null
                    from method in i.Methods
                    from name in ServiceEmitter.AddedMessages(i.Service!, method, default)
                    select i.Service!.Package + "." + name;
        return added.Concat(messages.Select(m => m.FullName))
            .GroupBy(n => n, StringComparer.Ordinal)
            .Where(g => g.Count() > 1)
            .Select(g => g.Key)
            .OrderBy(n => n, StringComparer.Ordinal)
            .ToEquatable();
    }
}
