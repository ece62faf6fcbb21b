using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Http;

/// <summary>JSON of callers into typed arguments, straight from the connection's buffer.</summary>
internal static class JsonArguments
{
    /// <summary>Reads the arguments of a call from a whole body.</summary>
    /// <exception cref="RpcException">The body is no JSON, too deep, or has something after its end.</exception>
    /// <exception cref="JsonFieldException">An argument does not fit.</exception>
    public static void Read(in ReadOnlySequence<byte> body, RpcRequest request, bool keyInBody, int maxDepth) =>
        Parse(body, maxDepth, (request, keyInBody), static (ref reader, state) => state.request.ReadJson(ref reader, state.keyInBody));

    /// <summary>Reads one item of a stream.</summary>
    /// <exception cref="RpcException">The line is no JSON, too deep, or has something after its end.</exception>
    /// <exception cref="JsonFieldException">The item does not fit.</exception>
    public static void ReadItem(in ReadOnlySequence<byte> line, RpcRequestItems items, int maxDepth) =>
        Parse(line, maxDepth, items, static (ref reader, state) =>
        {
            reader.Read();
            state.AddJson(ref reader);
        });

    /// <summary>Reads a request message, which holds the key too, in the JSON form of proto3.</summary>
    /// <exception cref="RpcException">It is no JSON, too deep, or has something after its end.</exception>
    /// <exception cref="JsonFieldException">A field does not fit.</exception>
    public static void ReadMessage(ReadOnlySpan<byte> message, RpcRequest request, int maxDepth) =>
        Parse(message, maxDepth, request, static (ref reader, state) => state.ReadJson(ref reader, keyInBody: true, JsonFormat.LongsAsStrings));

    /// <summary>Reads the item of a message of the caller's stream; false when it has none.</summary>
    /// <exception cref="RpcException">It is no JSON, too deep, or has something after its end.</exception>
    /// <exception cref="JsonFieldException">The item does not fit.</exception>
    public static bool TryReadMessageItem(ReadOnlySpan<byte> message, RpcRequestItems items, int maxDepth)
    {
        var isThere = false;
        Parse(message, maxDepth, items, (ref reader, state) => isThere = state.TryAddJson(ref reader));
        return isThere;
    }

    private delegate void Reading<TState>(ref Utf8JsonReader reader, TState state);

    // Generated readers want one stretch of memory; nearly every body is one.
    private static void Parse<TState>(in ReadOnlySequence<byte> body, int maxDepth, TState state, Reading<TState> read)
    {
        if (body.IsSingleSegment)
        {
            Parse(body.FirstSpan, maxDepth, state, read);
            return;
        }

        var length = checked((int)body.Length);
        var copy = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            body.CopyTo(copy);
            Parse(copy.AsSpan(0, length), maxDepth, state, read);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static void Parse<TState>(ReadOnlySpan<byte> json, int maxDepth, TState state, Reading<TState> read)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
            read(ref reader, state);

            // Anything but white space after the value is an error of the reader's.
            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            throw new RpcException(
                StatusCode.InvalidArgument,
                Depth(json) > maxDepth ? $"the JSON is nested deeper than {maxDepth} levels"
                    : $"this is not JSON: line {Text((exception.LineNumber ?? 0) + 1)}, byte {Text((exception.BytePositionInLine ?? 0) + 1)}",
                exception);
        }
        catch (InvalidOperationException exception) when (exception.InnerException is DecoderFallbackException or null && !IsUtf8(json))
        {
            throw new RpcException(StatusCode.InvalidArgument, "the JSON is not UTF-8", exception);
        }
    }

    private static bool IsUtf8(ReadOnlySpan<byte> json) => System.Text.Unicode.Utf8.IsValid(json);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    // Only to explain an error: the reader's does not tell depth from syntax.
    private static int Depth(ReadOnlySpan<byte> json)
    {
        var depth = 0;
        var most = 0;
        var inText = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inText)
            {
                if (c == '\\') i++;
                else if (c == '"') inText = false;
            }
            else if (c == '"')
            {
                inText = true;
            }
            else if (c is (byte)'{' or (byte)'[')
            {
                most = Math.Max(most, ++depth);
            }
            else if (c is (byte)'}' or (byte)']')
            {
                depth--;
            }
        }

        return most;
    }
}
