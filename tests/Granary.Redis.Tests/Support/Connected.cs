using Granary.Hosting;

namespace Granary.Redis.Tests.Support;

/// <summary>Patience for a first connection: a machine that has too much to do may need longer for it than a request waits.</summary>
internal static class Connected
{
    /// <summary>Waits until the server answers.</summary>
    internal static Task AnswersAsync(this RedisConnection connection) => Eventually.True(
        async () =>
        {
            try
            {
                await connection.RunAsync(static database => database.PingAsync(), default);
                return true;
            }
            catch (RedisRequestException)
            {
                return false;
            }
        },
        "the server answers");
}
