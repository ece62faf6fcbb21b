using Granary.Gateway.Contracts;
using Granary.Rpc.Catalog;
using Granary.Schema;

namespace Granary.Gateway.Grpc.Reflection;

/// <summary>
/// <c>grpc.reflection.v1.ServerReflection</c> and the same as <c>v1alpha</c> (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md). The messages are written here by their published
/// field numbers; what is a oneof there are fields of which one is set.
/// </summary>
internal static class ReflectionService
{
    private static readonly SchemaType s_text = new(SchemaKind.String, Label: SchemaLabel.Optional);
    private static readonly SchemaType s_number = new(SchemaKind.Int32);

    /// <param name="version">Of the package: v1 or v1alpha.</param>
    /// <param name="files">The files to tell of.</param>
    public static RpcService Create(string version, Func<IReadOnlyList<ProtoFiles>> files)
    {
        var package = "grpc.reflection." + version;
        var request = Message("ServerReflectionRequest", new(1, "host", new SchemaType(SchemaKind.String)), new(3, "fileByFilename", s_text), new(4, "fileContainingSymbol", s_text),
            Field(5, "fileContainingExtension", Message("ExtensionRequest", new(1, "containingType", s_text), new(2, "extensionNumber", s_number))),
            new(6, "allExtensionNumbersOfType", s_text), new(7, "listServices", s_text));
        var service = Message("ServiceResponse", new FieldSchema(1, "name", new SchemaType(SchemaKind.String)));
        var reply = Message("ServerReflectionResponse", new(1, "validHost", new SchemaType(SchemaKind.String)), Field(2, "originalRequest", request),
            Field(4, "fileDescriptorResponse", Message("FileDescriptorResponse", new FieldSchema(1, "fileDescriptorProto", new SchemaType(SchemaKind.Bytes, Label: SchemaLabel.Repeated)))),
            Field(5, "allExtensionNumbersResponse", Message("ExtensionNumberResponse", new(1, "baseTypeName", new SchemaType(SchemaKind.String)), new(2, "extensionNumber", s_number with { Label = SchemaLabel.Repeated }))),
            Field(6, "listServicesResponse", Message("ListServiceResponse", Field(1, "service", service, SchemaLabel.Repeated))),
            Field(7, "errorResponse", Message("ErrorResponse", new(1, "errorCode", s_number), new(2, "errorMessage", new SchemaType(SchemaKind.String)))));
        return new RpcService
        {
            Name = package,
            Version = 1,
            Package = package,
            ProtoName = "ServerReflection",
            InterfaceType = typeof(ReflectionService),
            Key = RpcKeyKind.Integer,
            Methods = [SystemServices.Method("ServerReflectionInfo", RpcMethodKind.Bidirectional, request, reply, method => new ReflectionRequest(method, files()))],
        };

        MessageSchema Message(string name, params FieldSchema[] fields) => new() { Package = package, Name = name, Fields = fields };
    }

    private static FieldSchema Field(int number, string name, MessageSchema type, SchemaLabel label = SchemaLabel.Single) => new(number, name, new SchemaType(SchemaKind.Message, () => type, Label: label));
}
