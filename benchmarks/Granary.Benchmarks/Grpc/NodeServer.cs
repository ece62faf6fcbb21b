namespace Granary.Benchmarks.Grpc;

/// <summary>The same service on another maker's gRPC server (<c>node-server.cjs</c>). It dies with this object.</summary>
internal sealed class NodeServer : IDisposable
{
    private NodeServer(ChildProcess process, int port) => (Process, Port) = (process, port);

    internal ChildProcess Process { get; }

    internal int Port { get; }

    /// <exception cref="CannotMeasureException">Node or its package is not installed.</exception>
    internal static NodeServer Start()
    {
        var modules = Path.Combine(ChildProcess.Repository(), "tests", "Granary.Interop.Tests", "clients");
        if (!System.IO.Directory.Exists(Path.Combine(modules, "node_modules", "@grpc", "grpc-js"))) throw new CannotMeasureException($"@grpc/grpc-js is not installed; run: npm ci --prefix {modules}");
        var port = ChildProcess.FreePort();
        return new NodeServer(ChildProcess.Program("node", Path.Combine(AppContext.BaseDirectory, "Grpc", "node-server.cjs"), $"{port}", modules), port);
    }

    public void Dispose() => Process.Dispose();
}
