using Granary.Codec;
using Granary.Gateway.Contracts;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Grpc.Reflection;

/// <summary>A stream of questions about the contracts, each with its answer. A file is sent with all that it imports, and once in a stream.</summary>
internal sealed class ReflectionRequest(RpcMethod method, IReadOnlyList<ProtoFiles> contracts) : SystemRequest(method)
{
    private readonly ReflectionItems _items = new();
    private readonly HashSet<string> _sent = new(StringComparer.Ordinal);
    private ReflectionQuestion? _question;

    public override RpcRequestItems Items => _items;

    // The first message is a question like the others.
    public override void Read(ref WireReader reader)
    {
    }

    public override async ValueTask<bool> MoveNextAsync()
    {
        if (!await _items.Questions.WaitToReadAsync()) return false;
        return _items.Questions.TryRead(out _question);
    }

    public override ValueTask DisposeAsync()
    {
        _items.Complete();
        return default;
    }

    public override void WriteResult(ref WireWriter writer)
    {
        var question = _question!;
        if (question.Host.Length > 0)
        {
            writer.WriteTag((1 << 3) | 2);
            writer.WriteString(question.Host);
        }

        var original = writer.BeginMessage((2 << 3) | 2);
        question.Write(ref writer);
        writer.EndMessage(original);
        switch (question.Kind)
        {
            case ReflectionQuestion.FileByName:
                WriteFile(ref writer, contracts.Select(c => c.Descriptors.GetValueOrDefault(question.Subject)), $"there is no file '{question.Subject}'");
                break;
            case ReflectionQuestion.FileBySymbol:
                WriteFile(ref writer, contracts.Select(c => c.FindSymbol(question.Subject)), $"there is no symbol '{question.Subject}'");
                break;
            case ReflectionQuestion.ListServices:
                WriteServices(ref writer);
                break;
            case ReflectionQuestion.ExtensionNumbers when contracts.Any(c => c.FindSymbol(question.Subject) is not null):
                WriteNoExtensions(ref writer, question.Subject);
                break;
            case ReflectionQuestion.ExtensionNumbers or ReflectionQuestion.FileByExtension:
                WriteError(ref writer, StatusCode.NotFound, $"'{question.Subject}' has no extensions");
                break;
            default:
                WriteError(ref writer, StatusCode.InvalidArgument, "the message asks nothing that is known here");
                break;
        }
    }

    private void WriteFile(ref WireWriter writer, IEnumerable<ProtoDescriptor?> candidates, string otherwise)
    {
        if (candidates.FirstOrDefault(c => c is not null) is not { } file)
        {
            WriteError(ref writer, StatusCode.NotFound, otherwise);
            return;
        }

        var response = writer.BeginMessage((4 << 3) | 2);
        _sent.Remove(file.Name);
        Send(ref writer, file);
        writer.EndMessage(response);
    }

    private void Send(ref WireWriter writer, ProtoDescriptor file)
    {
        if (!_sent.Add(file.Name)) return;
        writer.WriteTag((1 << 3) | 2);
        writer.WriteBytes(file.Bytes.Span);
        foreach (var name in file.Dependencies)
        {
            if (contracts.Select(c => c.Descriptors.GetValueOrDefault(name)).FirstOrDefault(d => d is not null) is { } dependency) Send(ref writer, dependency);
        }
    }

    private void WriteServices(ref WireWriter writer)
    {
        var response = writer.BeginMessage((6 << 3) | 2);
        foreach (var name in contracts.SelectMany(c => c.Services).Order(StringComparer.Ordinal))
        {
            var service = writer.BeginMessage((1 << 3) | 2);
            writer.WriteTag((1 << 3) | 2);
            writer.WriteString(name);
            writer.EndMessage(service);
        }

        writer.EndMessage(response);
    }

    private static void WriteNoExtensions(ref WireWriter writer, string type)
    {
        var response = writer.BeginMessage((5 << 3) | 2);
        writer.WriteTag((1 << 3) | 2);
        writer.WriteString(type);
        writer.EndMessage(response);
    }

    private static void WriteError(ref WireWriter writer, StatusCode code, string message)
    {
        var response = writer.BeginMessage((7 << 3) | 2);
        writer.WriteTag(1 << 3);
        writer.WriteInt32((int)code);
        writer.WriteTag((2 << 3) | 2);
        writer.WriteString(message);
        writer.EndMessage(response);
    }
}
