using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.Testing;

/// <summary>Bodies as the contract checks read and give them.</summary>
internal static class ContractBodies
{
    public static async Task<byte[]> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all, cancellationToken).ConfigureAwait(false);
        return all.ToArray();
    }

    /// <summary>A body that ends with a fault after some bytes.</summary>
    public static PipeReader Breaking(ReadOnlyMemory<byte> start)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        pipe.Writer.Write(start.Span);
        pipe.Writer.Complete(new DicomFormatException(new Fault(FaultCode.ReadFailed)));
        return pipe.Reader;
    }
}
