using System.Net.Security;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A TLS connection whose every write is one send. One writer and one reader at a time.</summary>
internal sealed class TlsStream(SslStream tls, CoalescingStream coalescing) : AsyncDuplexStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => tls.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        coalescing.Hold();
        await tls.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        await coalescing.ReleaseAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask DisposeAsync()
    {
        await tls.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) tls.Dispose();
        base.Dispose(disposing);
    }
}
