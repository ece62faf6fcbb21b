using System.Globalization;
using Granary.Gateway.Framing;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Granary.Gateway.Connect;

/// <summary>The headers of Connect that unary calls and streams have in common.</summary>
internal static class ConnectHeaders
{
    private const int MostTimeoutDigits = 10;

    /// <summary>The time of <c>Connect-Timeout-Ms</c>, up to 10 digits; null when there is none.</summary>
    /// <exception cref="RpcException">It is no time.</exception>
    public static TimeSpan? ReadTimeout(HttpRequest request)
    {
        if (!request.Headers.TryGetValue("Connect-Timeout-Ms", out var values)) return null;
        var text = values.ToString();
        if (text.Length is 0 or > MostTimeoutDigits || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            throw RpcException.Invalid("Connect-Timeout-Ms", $"'{text}' is no time; write a number of milliseconds of up to 10 digits");
        return TimeSpan.FromMilliseconds(milliseconds);
    }

    /// <summary>Whether gzip is among the accepted encodings, and not refused by a quality of 0.</summary>
    public static bool AcceptsGzip(StringValues accepted)
    {
        foreach (var value in accepted)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var wish = value.AsSpan(range).Trim();
                if (!wish.StartsWith(Gzip.Name, StringComparison.OrdinalIgnoreCase)) continue;
                var rest = wish[Gzip.Name.Length..].Trim();
                if (rest.IsEmpty || (rest[0] == ';' && !IsZero(rest))) return true;
            }
        }

        return false;
    }

    /// <summary>The error about a compression that is not spoken.</summary>
    public static RpcException UnknownEncoding(string encoding) => new(StatusCode.Unimplemented, $"the compression '{encoding}' is not spoken here; gzip and identity are");

    private static bool IsZero(ReadOnlySpan<char> parameters)
    {
        var quality = parameters.IndexOf("q=", StringComparison.OrdinalIgnoreCase);
        return quality >= 0 && double.TryParse(parameters[(quality + 2)..].Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value == 0;
    }
}
