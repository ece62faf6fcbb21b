using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Google.Protobuf.Reflection;

namespace Granary.Contracts.Tests.Support;

/// <summary>Google's compiler, as a process.</summary>
internal static class Protoc
{
    private static string Package => typeof(Protoc).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "GrpcTools").Value!;

    private static string Program
    {
        get
        {
            var system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macosx" : "linux";
            var machine = OperatingSystem.IsMacOS() ? "universal" : RuntimeInformation.OSArchitecture switch { Architecture.Arm64 => "arm64", Architecture.X86 => "x86", _ => "x64" };
            return Path.Combine(Package, "tools", $"{system}_{machine}", OperatingSystem.IsWindows() ? "protoc.exe" : "protoc");
        }
    }

    /// <summary>Compiles all of them, warnings being errors, into descriptors: those given and those they import.</summary>
    public static async Task<FileDescriptorSet> CompileAsync(IReadOnlyDictionary<string, string> files)
    {
        var folder = Directory.CreateTempSubdirectory("granary-protoc-");
        try
        {
            foreach (var (name, text) in files)
            {
                var path = Path.Combine(folder.FullName, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, text);
            }

            var set = Path.Combine(folder.FullName, "set.binpb");
            var start = new ProcessStartInfo(Program) { RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder.FullName };
            foreach (var argument in new[] { "--fatal_warnings", "--include_imports", $"--descriptor_set_out={set}", "-I", folder.FullName, "-I", Path.Combine(Package, "build", "native", "include") }) start.ArgumentList.Add(argument);
            foreach (var name in files.Keys.Order(StringComparer.Ordinal)) start.ArgumentList.Add(name);
            using var process = Process.Start(start)!;
            var errors = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, errors);
            return FileDescriptorSet.Parser.ParseFrom(await File.ReadAllBytesAsync(set));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
