using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace Granary.Hosting;

/// <summary>The ACL user of a connection. Later versions of the client have this property themselves, and then it is theirs that is meant.</summary>
public static class RedisUser
{
    private static readonly ConditionalWeakTable<ConfigurationOptions, string> s_users = [];

    extension(ConfigurationOptions options)
    {
        /// <summary>
        /// The ACL user that <c>Password</c> belongs to; null, the default, is Redis' user <c>default</c>. <c>Clone</c> does not copy it. Thread-safe.
        /// </summary>
        public string? User
        {
            get => s_users.TryGetValue(options, out var user) ? user : null;
            set
            {
                if (string.IsNullOrEmpty(value)) s_users.Remove(options);
                else s_users.AddOrUpdate(options, value);
            }
        }
    }
}
