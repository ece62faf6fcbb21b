using Granary.Codec;

namespace Granary.Gateway.Grpc.Reflection;

/// <summary>One <c>ServerReflectionRequest</c>.</summary>
/// <param name="Host">Whatever the caller wrote; it is told again.</param>
/// <param name="Kind">The number of the field that asks; 0 when none does.</param>
/// <param name="Subject">A file's name, or a symbol's; for an extension, the type it extends.</param>
/// <param name="Extension">The extension's number.</param>
internal sealed record ReflectionQuestion(string Host, int Kind, string Subject, int Extension)
{
    public const int FileByName = 3;
    public const int FileBySymbol = 4;
    public const int FileByExtension = 5;
    public const int ExtensionNumbers = 6;
    public const int ListServices = 7;

    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public static ReflectionQuestion Read(ref WireReader reader)
    {
        var (host, kind, subject, extension) = ("", 0, "", 0);
        while (reader.ReadTag() is var tag and not 0)
        {
            switch (tag)
            {
                case (1 << 3) | 2:
                    host = reader.ReadString();
                    break;
                case (FileByExtension << 3) | 2:
                    kind = FileByExtension;
                    (subject, extension) = ReadExtension(ref reader);
                    break;
                case (FileByName << 3) | 2 or (FileBySymbol << 3) | 2 or (ExtensionNumbers << 3) | 2 or (ListServices << 3) | 2:
                    kind = (int)tag >> 3;
                    subject = reader.ReadString();
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }

        return new ReflectionQuestion(host, kind, subject, extension);
    }

    /// <summary>Writes the fields again.</summary>
    public void Write(ref WireWriter writer)
    {
        Text(ref writer, 1, Host);
        if (Kind == FileByExtension)
        {
            var start = writer.BeginMessage((FileByExtension << 3) | 2);
            Text(ref writer, 1, Subject);
            writer.WriteTag(16);
            writer.WriteInt32(Extension);
            writer.EndMessage(start);
        }
        else if (Kind != 0)
        {
            writer.WriteTag((uint)((Kind << 3) | 2));
            writer.WriteString(Subject);
        }
    }

    private static (string Type, int Number) ReadExtension(ref WireReader reader)
    {
        var (type, number) = ("", 0);
        var token = reader.EnterMessage();
        while (reader.ReadTag() is var tag and not 0)
        {
            if (tag == 10) type = reader.ReadString();
            else if (tag == 16) number = reader.ReadInt32();
            else reader.Skip(tag);
        }

        reader.ExitMessage(token);
        return (type, number);
    }

    private static void Text(ref WireWriter writer, int field, string value)
    {
        if (value.Length == 0) return;
        writer.WriteTag((uint)((field << 3) | 2));
        writer.WriteString(value);
    }
}
