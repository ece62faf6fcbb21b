using FsCheck.Fluent;
using Google.Protobuf;
using Granary.Codec.Tests.Contracts;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Messages;

/// <summary>Damaged messages through generated codecs: a clean error or a value, and what we take protoc's code takes too.</summary>
public sealed class HostileMessageTests
{
    [Fact]
    public void A_message_cut_at_any_byte_ends_in_a_clean_error_or_a_shorter_message()
    {
        Cut(AnyMessage.Scalars.Sample(3, 5).Select(v => Codecs.Encode(v)), Survives<Scalars>);
        Cut(AnyMessage.Lists.Sample(3, 5).Select(v => Codecs.Encode(v)), Survives<Lists>);
        Cut(AnyMessage.Maps.Sample(3, 5).Select(v => Codecs.Encode(v)), Survives<Maps>);
        Cut(AnyMessage.Drawing.Sample(3, 5).Select(v => Codecs.Encode(v)), Survives<Drawing>);

        static void Cut(IEnumerable<byte[]> messages, Func<byte[], bool> survives)
        {
            foreach (var message in messages)
            {
                for (var length = 0; length < Math.Min(message.Length, 2000); length++) survives(message[..length]);
            }
        }
    }

    [Fact]
    public void Random_damage_ends_in_a_clean_error_or_in_what_protoc_takes_too()
    {
        var random = new Random(20260502);
        var accepted = 0;
        accepted += Damaged(AnyMessage.Scalars.Sample(5, 10).Select(v => Codecs.Encode(v)), Survives<Scalars>, Protoc.Scalars.Parser);
        accepted += Damaged(AnyMessage.Optionals.Sample(5, 10).Select(v => Codecs.Encode(v)), Survives<Optionals>, Protoc.Optionals.Parser);
        accepted += Damaged(AnyMessage.Lists.Sample(5, 10).Select(v => Codecs.Encode(v)), Survives<Lists>, Protoc.Lists.Parser);
        accepted += Damaged(AnyMessage.Maps.Sample(5, 10).Select(v => Codecs.Encode(v)), Survives<Maps>, Protoc.Maps.Parser);
        accepted += Damaged(AnyMessage.Tree.Sample(5, 10).Select(v => Codecs.Encode(v)), Survives<Tree>, Protoc.Tree.Parser);
        accepted += Damaged(AnyMessage.Drawing.Sample(5, 10).Select(v => Codecs.Encode(v)), Survives<Drawing>, Protoc.Drawing.Parser);

        // Otherwise the damage is so heavy that nothing is tested.
        Assert.InRange(accepted, 100, int.MaxValue);

        int Damaged(IEnumerable<byte[]> messages, Func<byte[], bool> survives, MessageParser protoc)
        {
            var taken = 0;
            foreach (var message in messages)
            {
                for (var i = 0; i < 300; i++)
                {
                    var bytes = Damage.Apply(message, random);
                    if (!survives(bytes)) continue;
                    taken++;
                    protoc.ParseFrom(bytes);
                }
            }

            return taken;
        }
    }

    [Fact]
    public void Random_bytes_end_in_a_clean_error_or_a_value() => ForAll.Cases(AnyValue.Bytes, bytes =>
    {
        Survives<Scalars>(bytes);
        Survives<Optionals>(bytes);
        Survives<Lists>(bytes);
        Survives<Maps>(bytes);
        Survives<Tree>(bytes);
        Survives<Drawing>(bytes);
    });

    [Fact]
    public void A_tree_deeper_than_allowed_is_refused_and_not_the_end_of_the_process()
    {
        var bytes = Array.Empty<byte>();
        for (var depth = 0; depth < 64; depth++) bytes = Around(bytes);
        Codecs.Decode<Tree>(bytes);
        Assert.Contains("too deep", Assert.Throws<WireFormatException>(() => Codecs.Decode<Tree>(Around(bytes))).Message, StringComparison.Ordinal);

        for (var depth = 0; depth < 2000; depth++) bytes = Around(bytes);
        Assert.Throws<WireFormatException>(() => Codecs.Decode<Tree>(bytes));

        static byte[] Around(byte[] inner) => Wire.Ours((ref w) =>
        {
            w.WriteTag(18);
            w.WriteBytes(inner);
        });
    }

    [Fact]
    public void A_tree_that_contains_itself_is_an_error_and_not_the_end_of_the_process()
    {
        var tree = new Tree();
        tree.Left = tree;
        Assert.Throws<InvalidOperationException>(() => Codecs.Encode(tree));
        Assert.ThrowsAny<Exception>(() => MessageCodec<Tree>.Instance.Copy(tree));
        Assert.ThrowsAny<Exception>(() => Codecs.ToJson(tree));
    }

    [Fact]
    public void A_small_message_cannot_ask_for_a_large_allocation()
    {
        byte[][] greedy = [[0x12, 0xFF, 0xFF, 0xFF, 0x7F], [0x42, 0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3], [0x4A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]];
        foreach (var bytes in greedy)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<WireFormatException>(() => Codecs.Decode<Lists>(bytes));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    private static bool Survives<T>(byte[] bytes)
    {
        try
        {
            var reader = new WireReader(bytes);
            MessageCodec<T>.Instance.Read(ref reader);
            return true;
        }
        catch (WireFormatException)
        {
            return false;
        }
    }
}
