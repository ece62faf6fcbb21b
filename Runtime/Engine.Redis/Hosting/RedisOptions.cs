using Granary.Hosting;
using StackExchange.Redis;

namespace Orleans.Clustering.Redis
{
    /// <summary>The Redis that holds the membership table.</summary>
    public class RedisClusteringOptions
    {
        /// <summary>The server; see <see cref="RedisConfiguration.Parse"/>.</summary>
        public ConfigurationOptions? ConfigurationOptions { get; set; }

        /// <summary>Makes the client. One that is shared is not closed with the silo. It may be called again when the connection is lost for good.</summary>
        public Func<RedisClusteringOptions, Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> CreateMultiplexer { get; set; } = DefaultCreateMultiplexer;

        /// <summary>Connects by <see cref="ConfigurationOptions"/>.</summary>
        public static Task<(IConnectionMultiplexer Multiplexer, bool IsShared)> DefaultCreateMultiplexer(RedisClusteringOptions options)
        {
            ArgumentNullException.ThrowIfNull(options);
            return RedisConfiguration.ConnectAsync(options.ConfigurationOptions);
        }
    }
}

namespace Orleans.Configuration
{
    /// <summary>The Redis that holds the grain directory.</summary>
    public class RedisGrainDirectoryOptions
    {
        /// <summary>The server. With the one of <c>UseRedisClustering</c>, a silo that is Dead cannot write to the directory; with another, that is not checked.</summary>
        public ConfigurationOptions? ConfigurationOptions { get; set; }

        /// <inheritdoc cref="Orleans.Clustering.Redis.RedisClusteringOptions.CreateMultiplexer"/>
        public Func<RedisGrainDirectoryOptions, Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> CreateMultiplexer { get; set; } = DefaultCreateMultiplexer;

        /// <summary>Connects by <see cref="ConfigurationOptions"/>.</summary>
        public static Task<(IConnectionMultiplexer Multiplexer, bool IsShared)> DefaultCreateMultiplexer(RedisGrainDirectoryOptions options)
        {
            ArgumentNullException.ThrowIfNull(options);
            return RedisConfiguration.ConnectAsync(options.ConfigurationOptions);
        }
    }

    /// <summary>The Redis that holds the reminders.</summary>
    public class RedisReminderTableOptions
    {
        /// <summary>The server.</summary>
        public ConfigurationOptions? ConfigurationOptions { get; set; }

        /// <inheritdoc cref="Orleans.Clustering.Redis.RedisClusteringOptions.CreateMultiplexer"/>
        public Func<RedisReminderTableOptions, Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> CreateMultiplexer { get; set; } = DefaultCreateMultiplexer;

        /// <summary>Connects by <see cref="ConfigurationOptions"/>.</summary>
        public static Task<(IConnectionMultiplexer Multiplexer, bool IsShared)> DefaultCreateMultiplexer(RedisReminderTableOptions options)
        {
            ArgumentNullException.ThrowIfNull(options);
            return RedisConfiguration.ConnectAsync(options.ConfigurationOptions);
        }
    }
}

namespace Orleans.Persistence
{
    /// <summary>A Redis that holds the states of grains.</summary>
    public class RedisStorageOptions
    {
        /// <summary>The server.</summary>
        public ConfigurationOptions? ConfigurationOptions { get; set; }

        /// <inheritdoc cref="Orleans.Clustering.Redis.RedisClusteringOptions.CreateMultiplexer"/>
        public Func<RedisStorageOptions, Task<(IConnectionMultiplexer Multiplexer, bool IsShared)>> CreateMultiplexer { get; set; } = DefaultCreateMultiplexer;

        /// <summary>Whether <c>ClearStateAsync</c> deletes the state's key. Otherwise the key stays, without data, and its version goes on.</summary>
        public bool DeleteStateOnClear { get; set; }

        /// <summary>How long a state is kept after it was last written; null, the default, keeps it for ever. For data that may be lost only.</summary>
        public TimeSpan? EntryExpiry { get; set; }

        /// <summary>Connects by <see cref="ConfigurationOptions"/>.</summary>
        public static Task<(IConnectionMultiplexer Multiplexer, bool IsShared)> DefaultCreateMultiplexer(RedisStorageOptions options)
        {
            ArgumentNullException.ThrowIfNull(options);
            return RedisConfiguration.ConnectAsync(options.ConfigurationOptions);
        }
    }
}
