using Granary.Rpc;

namespace Granary.Gateway.WebSockets;

/// <summary>Close codes: those of RFC 6455, section 7.4.1, and for a failed call 4000 and the number of its code: NOT_FOUND is 4005.</summary>
internal static class CloseCode
{
    public const int Normal = 1000;
    public const int GoingAway = 1001;
    public const int ProtocolError = 1002;
    public const int NotText = 1003;
    public const int NotUtf8 = 1007;
    public const int TooLarge = 1009;
    private const int Calls = 4000;

    public static int Of(StatusCode code) => Calls + (int)RpcStatus.Known(code);

    /// <summary>Whether a peer may send this one: not those that only tell of a missing one.</summary>
    public static bool MayBeSent(int code) => code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and < 5000);
}
