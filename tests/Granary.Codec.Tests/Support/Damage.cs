namespace Granary.Codec.Tests.Support;

/// <summary>Makes a valid message one that nobody would write.</summary>
internal static class Damage
{
    /// <summary>One to three changes: a bit, a byte, a cut, a part removed, doubled, or put in from elsewhere.</summary>
    public static byte[] Apply(byte[] message, Random random)
    {
        var bytes = new List<byte>(message);
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            var length = random.Next(1, Math.Min(9, bytes.Count - at + 1));
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.RemoveRange(at, length);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                default:
                    var noise = new byte[length];
                    random.NextBytes(noise);
                    bytes.InsertRange(at, noise);
                    break;
            }
        }

        return [.. bytes];
    }
}
