namespace Granary.Gateway.Cors;

/// <summary>Which web pages may call (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol). None by default: a browser then lets pages of other origins see nothing.</summary>
public sealed class CorsOptions
{
    /// <summary>Origins such as <c>https://app.example.com</c>, or <c>*</c> for every one.</summary>
    public IList<string> Origins { get; set; } = [];

    /// <summary>Whether cookies and client certificates may come along. Tokens in <c>Authorization</c> need it not. Never with <c>*</c>. The default is false.</summary>
    public bool Credentials { get; set; }

    /// <summary>How long a browser may remember the answer. Up to 1 day; the default is 2 h.</summary>
    public TimeSpan Remember { get; set; } = TimeSpan.FromHours(2);
}
