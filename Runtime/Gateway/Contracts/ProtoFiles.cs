using System.Collections.Frozen;
using System.IO.Compression;
using System.Text;
using Granary.Codec;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Contracts;

/// <summary>
/// The catalog's contracts in protobuf: as <c>.proto</c> text for people and compilers, as descriptors for reflection. Both come from one model, and that from
/// what the services serve. Made once, when first asked for; immutable and thread-safe.
/// </summary>
/// <remarks>Properties throw <see cref="InvalidOperationException"/> when the contracts cannot be written in protobuf; the message says what to change.</remarks>
public sealed class ProtoFiles
{
    private readonly Lazy<Content> _content;

    public ProtoFiles(RpcCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        _content = new Lazy<Content>(() => new Content(catalog));
    }

    /// <summary>The text of each file by its name, for example <c>granary/samples/v1.proto</c>. One file a package; types of Google's are imported, not included.</summary>
    public IReadOnlyDictionary<string, string> Files => _content.Value.Texts;

    /// <summary>The descriptor of each file by its name, those of Google's types that are used included.</summary>
    public IReadOnlyDictionary<string, ProtoDescriptor> Descriptors => _content.Value.Descriptors;

    /// <summary>The full names of the services, sorted.</summary>
    public IReadOnlyList<string> Services => _content.Value.Services;

    /// <summary>All texts as a zip archive, the same bytes for the same contracts.</summary>
    public ReadOnlyMemory<byte> Zip => _content.Value.Zip;

    /// <summary>All descriptors as one <c>FileDescriptorSet</c>; each file stands after those that it imports.</summary>
    public ReadOnlyMemory<byte> DescriptorSet => _content.Value.DescriptorSet;

    /// <summary>The file that defines a service, a method, a message, a field, an enum or an enum's value.</summary>
    /// <param name="symbol">The full name, without a dot in front.</param>
    /// <returns>Null when there is no such thing.</returns>
    public ProtoDescriptor? FindSymbol(string symbol) => _content.Value.Symbols.GetValueOrDefault(symbol);

    private sealed class Content
    {
        // The earliest that the format knows. No file's own time, so that the same contracts are the same bytes.
        private static readonly DateTimeOffset s_zipTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public Content(RpcCatalog catalog)
        {
            var files = ProtoFileBuilder.Build(catalog);
            Texts = files.ToFrozenDictionary(f => f.Name, ProtoText.Print, StringComparer.Ordinal);
            Services = [.. files.SelectMany(f => f.Services.Select(s => $"{f.Package}.{s.Name}")).Order(StringComparer.Ordinal)];
            var used = files.SelectMany(f => f.Imports).ToHashSet(StringComparer.Ordinal);
            ProtoFile[] all = [.. files, .. WellKnownFiles.All.Where(f => used.Contains(f.Name))];
            Descriptors = all.ToFrozenDictionary(f => f.Name, ProtoDescriptor.Of, StringComparer.Ordinal);
            Symbols = all.SelectMany(f => SymbolsOf(f).Select(s => (Symbol: $"{f.Package}.{s}", Descriptor: Descriptors[f.Name]))).DistinctBy(s => s.Symbol).ToFrozenDictionary(s => s.Symbol, s => s.Descriptor, StringComparer.Ordinal);
            Zip = MakeZip();
            DescriptorSet = MakeSet();
        }

        public FrozenDictionary<string, string> Texts { get; }

        public FrozenDictionary<string, ProtoDescriptor> Descriptors { get; }

        public FrozenDictionary<string, ProtoDescriptor> Symbols { get; }

        public IReadOnlyList<string> Services { get; }

        public ReadOnlyMemory<byte> Zip { get; }

        public ReadOnlyMemory<byte> DescriptorSet { get; }

        private static IEnumerable<string> SymbolsOf(ProtoFile file) =>
        [
            .. file.Services.SelectMany(s => s.Methods.Select(m => $"{s.Name}.{m.Name}").Prepend(s.Name)),
            .. file.Messages.SelectMany(m => m.Fields.Select(f => $"{m.Name}.{f.Name}").Prepend(m.Name)),

            // The values of an enum are its siblings.
            .. file.Enums.SelectMany(e => e.Values.Select(v => v.Name).Prepend(e.Name)),
        ];

        private byte[] MakeZip()
        {
            using var bytes = new MemoryStream();
            using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach (var (name, text) in Texts.OrderBy(t => t.Key, StringComparer.Ordinal))
                {
                    var entry = zip.CreateEntry(name);
                    entry.LastWriteTime = s_zipTime;
                    using var stream = entry.Open();
                    stream.Write(Encoding.UTF8.GetBytes(text));
                }
            }

            return bytes.ToArray();
        }

        private byte[] MakeSet()
        {
            var writer = new WireWriter(new byte[4096]);
            foreach (var descriptor in InOrder())
            {
                writer.WriteTag((1 << 3) | 2);
                writer.WriteBytes(descriptor.Bytes.Span);
            }

            return writer.Written.ToArray();
        }

        private List<ProtoDescriptor> InOrder()
        {
            var ordered = new List<ProtoDescriptor>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in Descriptors.Keys.Order(StringComparer.Ordinal)) Add(name);
            return ordered;

            void Add(string name)
            {
                if (!seen.Add(name)) return;
                foreach (var dependency in Descriptors[name].Dependencies) Add(dependency);
                ordered.Add(Descriptors[name]);
            }
        }
    }
}
