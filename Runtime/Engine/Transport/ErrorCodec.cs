using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Engine.Transport;

/// <summary>
/// An exception between processes of the cluster: a message <c>{ type = 1; assembly = 2; message = 3; stack = 4; status = 5; inner = 6 }</c>, where an <see cref="RpcException"/> is a status
/// (<see cref="RpcErrorCodec"/>) and nothing of 1 to 3. Other exceptions keep type and message.
/// </summary>
/// <remarks>
/// Reading runs no code but a constructor: the type must exist in an assembly that is loaded already, derive from <see cref="Exception"/>, and have a constructor that takes the message,
/// or message and cause. Otherwise it becomes a <see cref="RemoteException"/>.
/// </remarks>
internal static class ErrorCodec
{
    /// <summary>The key in <see cref="Exception.Data"/> of the stack trace, text, from where the exception was thrown.</summary>
    internal const string RemoteStackTrace = "RemoteStackTrace";

    private const int MaxTypeName = 512;
    private const int MaxStack = 8 * 1024;
    private const int MaxMessage = 8 * 1024;
    private const int MaxInner = 4;
    private const int MaxKnownTypes = 1024;

    private const uint TypeTag = (1 << 3) | 2;
    private const uint AssemblyTag = (2 << 3) | 2;
    private const uint MessageTag = (3 << 3) | 2;
    private const uint StackTag = (4 << 3) | 2;
    private const uint StatusTag = (5 << 3) | 2;
    private const uint InnerTag = (6 << 3) | 2;

    private static readonly ConditionalWeakTable<Assembly, string> s_names = [];
    private static readonly ConcurrentDictionary<(string Type, string Assembly), Func<string, Exception?, Exception?>?> s_makers = new();

    internal static void Write(ref WireWriter w, Exception error) => Write(ref w, error, MaxInner);

    /// <exception cref="WireFormatException">The bytes are no error.</exception>
    internal static Exception Read(ref WireReader r)
    {
        string type = "", assembly = "", message = "", stack = "";
        Exception? inner = null;
        RpcException? status = null;
        for (uint tag; (tag = r.ReadTag()) != 0;)
        {
            int token;
            switch (tag)
            {
                case TypeTag: type = r.ReadString(); break;
                case AssemblyTag: assembly = r.ReadString(); break;
                case MessageTag: message = r.ReadString(); break;
                case StackTag: stack = r.ReadString(); break;
                case StatusTag:
                    token = r.EnterMessage();
                    status = RpcErrorCodec.Read(ref r);
                    r.ExitMessage(token);
                    break;
                case InnerTag:
                    token = r.EnterMessage();
                    inner = Read(ref r);
                    r.ExitMessage(token);
                    break;
                default: r.Skip(tag); break;
            }
        }

        var error = status ?? Make(type, assembly, message, inner);
        if (stack.Length > 0)
        {
            error.Data[RemoteStackTrace] = stack;
            ExceptionDispatchInfo.SetRemoteStackTrace(error, stack);
        }

        return error;
    }

    private static void Write(ref WireWriter w, Exception error, int innerLeft)
    {
        if (error is RpcException rpc)
        {
            var start = w.BeginMessage(StatusTag);
            RpcErrorCodec.Write(ref w, rpc);
            w.EndMessage(start);
        }
        else
        {
            var type = error.GetType();
            // An error that passes through stays what it was.
            var name = error is RemoteException remote ? remote.OriginalType : type.FullName ?? type.Name;
            WriteText(ref w, TypeTag, name, MaxTypeName);
            if (error is not RemoteException) WriteText(ref w, AssemblyTag, type.Assembly.GetName().Name ?? "", MaxTypeName);
            WriteText(ref w, MessageTag, error.Message, MaxMessage);
        }

        if (innerLeft == MaxInner && error.StackTrace is { } stack) WriteText(ref w, StackTag, stack, MaxStack);
        if (error.InnerException is { } inner && innerLeft > 0 && error is not RpcException)
        {
            var start = w.BeginMessage(InnerTag);
            Write(ref w, inner, innerLeft - 1);
            w.EndMessage(start);
        }
    }

    private static void WriteText(ref WireWriter w, uint tag, string text, int most)
    {
        w.WriteTag(tag);
        w.WriteString(text.Length <= most ? text : text[..most]);
    }

    private static Exception Make(string type, string assembly, string message, Exception? inner)
    {
        if (type.Length is > 0 and <= MaxTypeName)
        {
            try
            {
                if (!s_makers.TryGetValue((type, assembly), out var make))
                {
                    make = FindMaker(type, assembly);
                    // A type that does not exist is not remembered: there is no end of those.
                    if (make is not null && s_makers.Count < MaxKnownTypes) s_makers.TryAdd((type, assembly), make);
                }

                if (make?.Invoke(message, inner) is { } made) return made;
            }
            catch (Exception)
            {
                // A constructor that does not like its argument, or a name that no type can have.
            }
        }

        return new RemoteException(type, message, inner);
    }

    private static Func<string, Exception?, Exception?>? FindMaker(string typeName, string assemblyName)
    {
        if (Resolve(typeName, assemblyName) is not { } type) return null;
        var withInner = Constructor(type, typeof(string), typeof(Exception));
        var withMessage = Constructor(type, typeof(string));
        if (withInner is null && withMessage is null) return null;
        return (message, inner) =>
        {
            Exception? made = null;
            if (withMessage is not null && inner is null) made = (Exception)withMessage.Invoke([message]);
            // Some take something else than the message where only one string goes in (ArgumentNullException: the parameter).
            if (made?.Message != message && withInner is not null) made = (Exception)withInner.Invoke([message, inner]);
            return made ?? (Exception)withMessage!.Invoke([message]);
        };
    }

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "A type that was trimmed away becomes a RemoteException.")]
    private static Type? Resolve(string typeName, string assemblyName)
    {
        // Generic and qualified names hold assembly names, and resolving those could load assemblies.
        if (typeName.AsSpan().ContainsAny('[', ',')) return null;
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (assembly.IsDynamic || NameOf(assembly) != assemblyName) continue;
            if (assembly.GetType(typeName, throwOnError: false) is { IsAbstract: false, ContainsGenericParameters: false } type && type.IsAssignableTo(typeof(Exception))) return type;
        }

        return null;
    }

    /// <summary>The simple name: an assembly's own <c>GetName</c> makes a new object of a kilobyte each time.</summary>
    private static string NameOf(Assembly assembly) => s_names.GetValue(assembly, static a => a.GetName().Name ?? "");

    private static ConstructorInfo? Constructor(Type type, params Type[] parameters)
    {
        // The programming model's own exceptions may be made by the engine only, which this is.
        var ours = type.Assembly == typeof(Orleans.Runtime.OrleansException).Assembly;
        return type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | (ours ? BindingFlags.NonPublic : 0), parameters);
    }
}
