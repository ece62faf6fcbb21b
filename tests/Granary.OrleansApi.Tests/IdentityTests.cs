using System.Net;
using System.Text;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Granary.OrleansApi.Tests;

public sealed class IdentityTests
{
    [Theory]
    [InlineData("", 0x02CC5D05u)]
    [InlineData("a", 0x550D7456u)]
    [InlineData("abc", 0x32D153FFu)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2Fu)]
    public void The_stable_hash_is_xxHash32(string text, uint expected)
    {
        Assert.Equal(expected, StableHash.ComputeHash(text));
        Assert.Equal(expected, StableHash.ComputeHash(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(255, "FF")]
    [InlineData(-1, "FFFFFFFFFFFFFFFF")]
    [InlineData(long.MinValue, "8000000000000000")]
    [InlineData(long.MaxValue, "7FFFFFFFFFFFFFFF")]
    public void An_integer_key_is_hexadecimal_and_reads_back(long key, string text)
    {
        var id = GrainId.Create(GrainType.Create("t"), GrainIdKeyExtensions.CreateIntegerKey(key));

        Assert.Equal(text, id.Key.ToString());
        Assert.True(id.TryGetIntegerKey(out var read, out var extension));
        Assert.Equal(key, read);
        Assert.Null(extension);
        Assert.False(id.TryGetGuidKey(out _, out _));
    }

    [Fact]
    public void Compound_keys_keep_their_extension_whatever_it_holds()
    {
        var guid = Guid.NewGuid();
        const string Extension = "a+b/ü";
        var byInteger = GrainId.Create(GrainType.Create("t"), GrainIdKeyExtensions.CreateIntegerKey(16, Extension));
        var byGuid = GrainId.Create(GrainType.Create("t"), GrainIdKeyExtensions.CreateGuidKey(guid, Extension));

        Assert.Equal("10+" + Extension, byInteger.Key.ToString());
        Assert.Equal(16, byInteger.GetIntegerKey(out var first));
        Assert.Equal(guid, byGuid.GetGuidKey(out var second));
        Assert.Equal(Extension, first);
        Assert.Equal(Extension, second);
        Assert.Equal(byGuid, GrainId.Parse(byGuid.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("12345678901234567")]
    [InlineData("+ext")]
    [InlineData("-1")]
    public void A_key_of_another_kind_is_refused_by_name(string key)
    {
        var id = GrainId.Create("kind", key);

        Assert.False(id.TryGetIntegerKey(out _, out var extension));
        Assert.Null(extension);
        Assert.Contains("kind/", Assert.Throws<ArgumentException>(() => id.GetIntegerKey()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => id.GetGuidKey());
    }

    [Fact]
    public void Ids_are_equal_by_content()
    {
        var a = GrainId.Create("type", "key");
        var b = new GrainId(new GrainType(IdSpan.Create("type")), IdSpan.Create("key"));

        Assert.Equal(a, b);
        Assert.True(a == b);
        Assert.Equal(a.GetHashCode(), b.GetHashCode());
        Assert.Equal(0, a.CompareTo(b));
        Assert.NotEqual(a, GrainId.Create("key", "type"));
        Assert.True(default(GrainId).IsDefault);
        Assert.Equal(default, IdSpan.Create("").IsDefault ? default(GrainId) : a);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/key")]
    [InlineData("type")]
    public void What_is_no_grain_id_does_not_parse(string text)
    {
        Assert.False(GrainId.TryParse(text, out _));
        Assert.Contains("type/key", Assert.Throws<FormatException>(() => GrainId.Parse(text)).Message, StringComparison.Ordinal);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<GrainId>(JsonSerializer.Serialize(text)));
    }

    [Fact]
    public void A_silo_address_reads_back_and_knows_its_successor()
    {
        var first = SiloAddress.New(IPAddress.Loopback, 11111, 5);
        var later = SiloAddress.New(IPAddress.Loopback, 11111, 6);
        var v6 = SiloAddress.New(IPAddress.IPv6Loopback, 80, -3);

        Assert.Equal("127.0.0.1:11111@5", first.ToParsableString());
        Assert.Equal(first, SiloAddress.Parse(first.ToParsableString()));
        Assert.Equal(v6, SiloAddress.Parse(Encoding.UTF8.GetBytes(v6.ToParsableString())));
        Assert.True(v6.IsClient);
        Assert.True(later.IsSuccessorOf(first));
        Assert.True(first.IsPredecessorOf(later));
        Assert.False(first.IsSuccessorOf(later));
        Assert.NotEqual(first, later);
        Assert.Equal(30, first.GetUniformHashCodes(30).Distinct().Count());
        Assert.Equal(first, JsonSerializer.Deserialize<SiloAddress>(JsonSerializer.Serialize(first)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("127.0.0.1:1")]
    [InlineData("127.0.0.1@1")]
    [InlineData("127.0.0.1:99999@1")]
    [InlineData("host:1@1")]
    [InlineData("127.0.0.1:1@x")]
    [InlineData("@")]
    public void What_is_no_silo_address_does_not_parse(string text)
    {
        Assert.False(SiloAddress.TryParse(text, out _));
        Assert.Contains("ip:port@generation", Assert.Throws<FormatException>(() => SiloAddress.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generations_never_repeat_in_a_process()
    {
        var tasks = Enumerable.Range(0, 4).Select(_ => Task.Run(() => Enumerable.Range(0, 100).Select(_ => SiloAddress.AllocateNewGeneration()).ToArray()));

        var all = (await Task.WhenAll(tasks)).SelectMany(generations => generations).ToArray();

        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Fact]
    public void Addresses_match_when_one_side_does_not_know_the_activation()
    {
        var silo = SiloAddress.New(IPAddress.Loopback, 1, 1);
        var known = new GrainAddress { GrainId = GrainId.Create("t", "k"), SiloAddress = silo, ActivationId = ActivationId.NewId() };
        var unknown = new GrainAddress { GrainId = known.GrainId, SiloAddress = silo };
        var other = new GrainAddress { GrainId = known.GrainId, SiloAddress = silo, ActivationId = ActivationId.NewId() };

        Assert.True(known.Matches(unknown));
        Assert.False(known.Matches(other));
        Assert.False(unknown.IsComplete);
        Assert.True(known.IsComplete);
        Assert.Equal(known.ActivationId, ActivationId.FromParsableString(known.ActivationId.ToParsableString()));
    }
}
