using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using Orleans.Runtime;

namespace Granary.Engine.Redis.Directory;

/// <summary>An entry of the directory as bytes: the activation id as 22 characters of base64url, a space, <c>ip:port@generation</c>. Thread-safe.</summary>
internal sealed class DirectoryEntry
{
    private const int ActivationLength = 22;

    /// <summary>Silos whose text is kept; there are as many as silos the cluster has seen, so it is emptied when it grows strange.</summary>
    private const int MaxKnown = 4096;

    private readonly ConcurrentDictionary<SiloAddress, byte[]> _texts = new();
    private readonly ConcurrentDictionary<string, SiloAddress> _silos = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SiloAddress>.AlternateLookup<ReadOnlySpan<char>> _silosByText;

    internal DirectoryEntry() => _silosByText = _silos.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The silo's address as it is written.</summary>
    internal byte[] Text(SiloAddress silo)
    {
        if (_texts.TryGetValue(silo, out var text)) return text;
        if (_texts.Count > MaxKnown) _texts.Clear();
        return _texts[silo] = Encoding.UTF8.GetBytes(silo.ToParsableString());
    }

    /// <summary>The entry; an activation id that is not set fits any when it is compared.</summary>
    internal byte[] Write(ActivationId activation, SiloAddress silo)
    {
        var text = Text(silo);
        var entry = new byte[ActivationLength + 1 + text.Length];
        var id = Unsafe.BitCast<ActivationId, Guid>(activation);
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        Base64Url.EncodeToUtf8(bytes, entry);
        entry[ActivationLength] = (byte)' ';
        text.CopyTo(entry, ActivationLength + 1);
        return entry;
    }

    /// <summary>What is registered; null when the bytes are no entry.</summary>
    internal GrainAddress? Read(GrainId grain, ReadOnlySpan<byte> entry)
    {
        if (entry.Length is <= ActivationLength + 1 or > ActivationLength + 129 || entry[ActivationLength] != (byte)' ') return null;
        Span<byte> bytes = stackalloc byte[16];
        if (Base64Url.DecodeFromUtf8(entry[..ActivationLength], bytes, out _, out var written) != OperationStatus.Done || written != 16) return null;
        var text = entry[(ActivationLength + 1)..];
        Span<char> chars = stackalloc char[text.Length];
        if (!Encoding.UTF8.TryGetChars(text, chars, out var length)) return null;
        chars = chars[..length];
        if (!_silosByText.TryGetValue(chars, out var silo))
        {
            if (!SiloAddress.TryParse(chars.ToString(), out silo)) return null;
            if (_silos.Count > MaxKnown) _silos.Clear();
            _silos[chars.ToString()] = silo;
        }

        return new GrainAddress { GrainId = grain, ActivationId = Unsafe.BitCast<Guid, ActivationId>(new Guid(bytes, bigEndian: true)), SiloAddress = silo };
    }
}
