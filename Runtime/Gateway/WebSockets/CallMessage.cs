using System.Text.Json;
using Granary.Rpc;

namespace Granary.Gateway.WebSockets;

/// <summary>What a message of the caller's on <c>/ws/...</c> does.</summary>
internal enum CallMessageKind
{
    /// <summary>Begins the call, with its arguments.</summary>
    Open,

    /// <summary>Is an item of the caller's stream.</summary>
    Item,

    /// <summary>Ends the caller's stream.</summary>
    End,

    /// <summary>Ends the call.</summary>
    Cancel,
}

/// <summary>A message of the caller's on <c>/ws/...</c>: an object with one of the members <c>open</c>, <c>item</c>, <c>end</c>, <c>cancel</c>.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Value">The member's JSON text, within the message's bytes.</param>
/// <param name="Timeout">Beside <c>open</c>: the time the caller allows.</param>
internal readonly record struct CallMessage(CallMessageKind Kind, ReadOnlyMemory<byte> Value, TimeSpan? Timeout)
{
    private const string Accepted = "a message is {\"open\":{..arguments..}}, {\"item\":..}, {\"end\":true} or {\"cancel\":true}";

    /// <exception cref="RpcException">It is none.</exception>
    public static CallMessage Read(ReadOnlyMemory<byte> message, int maxDepth)
    {
        try
        {
            return Parse(message, maxDepth);
        }
        catch (JsonException wrong)
        {
            throw new RpcException(StatusCode.InvalidArgument, $"this is no JSON, or it is nested deeper than {maxDepth} levels; {Accepted}", wrong);
        }
    }

    private static CallMessage Parse(ReadOnlyMemory<byte> message, int maxDepth)
    {
        var reader = new Utf8JsonReader(message.Span, new JsonReaderOptions { MaxDepth = maxDepth + 1 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw Wrong("this is no object");
        CallMessageKind? kind = null;
        ReadOnlyMemory<byte> value = default;
        TimeSpan? timeout = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            CallMessageKind? member = reader.ValueTextEquals("item"u8) ? CallMessageKind.Item : reader.ValueTextEquals("open"u8) ? CallMessageKind.Open
                : reader.ValueTextEquals("end"u8) ? CallMessageKind.End : reader.ValueTextEquals("cancel"u8) ? CallMessageKind.Cancel : null;
            var isTimeout = reader.ValueTextEquals("timeout"u8);
            reader.Read();
            if (member is not null)
            {
                if (kind is not null) throw Wrong("two things are said in one message");
                kind = member;
                if (member is CallMessageKind.Open && reader.TokenType != JsonTokenType.StartObject) throw RpcException.Invalid("open", "the arguments are an object");
                if (member is CallMessageKind.End or CallMessageKind.Cancel && reader.TokenType != JsonTokenType.True) throw Wrong("'end' and 'cancel' are true");
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                value = message[start..(int)reader.BytesConsumed];
            }
            else if (isTimeout)
            {
                timeout = ReadTimeout(ref reader);
            }
            else
            {
                throw Wrong("there is another member");
            }
        }

        // Anything but white space after the value is an error of the reader's.
        while (reader.Read())
        {
        }

        if (kind is null) throw Wrong("this says nothing");
        if (timeout is not null && kind != CallMessageKind.Open) throw RpcException.Invalid("timeout", "stands beside 'open' only");
        return new CallMessage(kind.Value, value, timeout);
    }

    private static TimeSpan ReadTimeout(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
            _ => "",
        };
        return TimeoutText.TryParse(text, out var time) ? time : throw RpcException.Invalid("timeout", $"'{text}' is no time; write {TimeoutText.Accepted}");
    }

    private static RpcException Wrong(string problem) => new(StatusCode.InvalidArgument, $"{problem}; {Accepted}");
}
