using System.CommandLine;
using System.IO.Compression;
using Granary.Cli.Connection;
using Granary.Cli.Contract;
using Granary.Cli.Output;
using Spectre.Console;

namespace Granary.Cli.Commands;

/// <summary><c>granary proto</c>: the <c>.proto</c> files of a host.</summary>
internal static class ProtoCommand
{
    private const int MaxFiles = 10_000;

    public static Command Create()
    {
        var service = CallArguments.OptionalService();
        var output = new Option<DirectoryInfo?>("--output", "-o") { Description = "Where to write all files, with the folders that imports name.", HelpName = "directory" };
        var command = new Command("proto", "Prints the .proto file with a service; without one, lists the files; with --output, writes them all.") { service, output };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var host = HostSettings.Connect(parsed);
            if (parsed.GetValue(output) is { } directory) await WriteAllAsync(host, directory, cancellation);
            else if (parsed.GetValue(service) is { } name) await PrintAsync(host, ServiceName.Parse(name), cancellation);
            else await ListAsync(host, cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task PrintAsync(HostClient host, ServiceName service, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{(service.Version == 1 ? "" : $"v{service.Version}/")}proto/{Uri.EscapeDataString(service.Name)}.proto");
        using var response = await host.SendForSuccessAsync(request, cancellation);
        await Console.Out.WriteAsync(await response.Content.ReadAsStringAsync(cancellation));
    }

    private static async Task ListAsync(HostClient host, CancellationToken cancellation)
    {
        using var list = await host.GetJsonAsync("proto", cancellation);
        var table = Terminal.Table("SERVICE", "FULL NAME", "FILE");
        foreach (var service in list.RootElement.GetProperty("services").EnumerateArray())
        {
            table.AddRow(
                new Text(Terminal.Clean(new ServiceName(service.GetProperty("name").GetString()!, service.GetProperty("version").GetInt32()).ToString())),
                new Text(Terminal.Clean(service.GetProperty("fullName").GetString()!)), new Text(Terminal.Clean(service.GetProperty("file").GetString()!)));
        }

        Terminal.Out.Write(table);
    }

    private static async Task WriteAllAsync(HostClient host, DirectoryInfo directory, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "proto.zip");
        using var response = await host.SendForSuccessAsync(request, cancellation);
        using var buffer = new MemoryStream();
        await response.Content.CopyToAsync(buffer, cancellation);
        await using var archive = new ZipArchive(buffer);
        var root = Path.GetFullPath(directory.FullName) + Path.DirectorySeparatorChar;
        foreach (var entry in archive.Entries.Take(MaxFiles))
        {
            // A name from outside is not to lead outside.
            var path = Path.GetFullPath(Path.Combine(root, entry.FullName));
            if (!path.StartsWith(root, StringComparison.Ordinal) || !path.EndsWith(".proto", StringComparison.Ordinal)) throw new UsageException($"the archive holds '{entry.FullName}', which is no .proto file below {directory}; nothing more is written");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var file = File.Create(path);
            await using var content = await entry.OpenAsync(cancellation);
            await content.CopyToAsync(file, cancellation);
            Console.Out.WriteLine(path);
        }
    }
}
