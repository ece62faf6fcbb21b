using Granary.Engine;
using Granary.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>A silo in this process, with services of its own. It talks to the others over sockets, as between processes.</summary>
public class InProcessSiloHandle : SiloHandle
{
    private Func<SiloAddress, Task>? _declareDead;
    private bool _isActive;
    private bool _isDisposed;

    /// <summary>The silo's host.</summary>
    public IHost SiloHost { get; private set; } = null!;

    /// <summary>The silo's services.</summary>
    public IServiceProvider ServiceProvider => SiloHost.Services;

    public override bool IsActive => _isActive;

    internal SiloCore Core => ServiceProvider.GetRequiredService<SiloCore>();

    public override Task StopSiloAsync(bool stopGracefully) => stopGracefully ? StopSiloAsync(CancellationToken.None) : KillAsync();

    public override async Task StopSiloAsync(CancellationToken ct)
    {
        if (!_isActive) return;
        _isActive = false;
        await SiloHost.StopAsync(ct);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        try
        {
            await StopSiloAsync(CancellationToken.None);
        }
        finally
        {
            if (SiloHost is IAsyncDisposable disposable) await disposable.DisposeAsync();
            else SiloHost.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    /// <param name="host">Built, not started.</param>
    /// <param name="declareDead">Tells the cluster that the silo at an address is gone.</param>
    /// <param name="cancellation">Ends the start.</param>
    internal static async Task<InProcessSiloHandle> StartAsync(IHost host, Func<SiloAddress, Task> declareDead, CancellationToken cancellation)
    {
        var handle = new InProcessSiloHandle { SiloHost = host, _declareDead = declareDead };
        try
        {
            await host.StartAsync(cancellation);
        }
        catch
        {
            handle._isDisposed = true;
            if (host is IAsyncDisposable disposable) await disposable.DisposeAsync();
            throw;
        }

        var details = host.Services.GetRequiredService<ILocalSiloDetails>();
        handle.Name = details.Name;
        handle.SiloAddress = details.SiloAddress;
        handle.GatewayAddress = details.GatewayAddress;
        handle._isActive = true;
        return handle;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed) Task.Run(async () => await DisposeAsync()).GetAwaiter().GetResult();
        base.Dispose(disposing);
    }

    /// <summary>As if the process had died, and the others had found out at once. The services stay until the handle is disposed: code of its grains may still run.</summary>
    private async Task KillAsync()
    {
        if (!_isActive) return;
        _isActive = false;
        await ServiceProvider.GetRequiredService<SiloHost>().KillAsync();
        await _declareDead!(SiloAddress);
    }
}
