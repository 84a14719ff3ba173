using System.Buffers;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>The values of one instance that its metadata has by URI alone, fetched one by one within limits: private elements, lookup tables, waveforms.</summary>
internal sealed class BulkDataValues(DicomWebClient client)
{
    private const int MostValues = 256, MostBytes = 16_777_216; // of one instance together; what is beyond stays a reference
    private int _values;
    private long _bytes;

    /// <summary>Fetches a value; <see langword="null"/> if the peer does not give it, or gives more than one part or than the limit.</summary>
    /// <exception cref="TargetUnavailableException">The peer cannot be reached.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> FetchAsync(DicomJsonBulkDataUri at, CancellationToken cancellationToken)
    {
        if (++_values > MostValues) return null;
        try { return await Patience.AskAsync(() => ReadAsync(at.Uri, cancellationToken), client.Connection.Time, cancellationToken).ConfigureAwait(false); }
        catch (DicomWebException e)
        {
            DicomWebTarget.FaultOf(e); // throws what is of the archive as a whole
            return null;
        }
    }

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(string uri, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte>? value = null;
        await foreach (var part in client.RetrieveBulkDataAsync(uri, cancellationToken).ConfigureAwait(false))
        {
            if (value is not null) return null;
            var read = await part.Body.ReadAtLeastAsync(MostBytes + 1, cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            if (_bytes + read.Buffer.Length > MostBytes) return null;
            value = read.Buffer.ToArray();
            part.Body.AdvanceTo(read.Buffer.End);
        }
        _bytes += value?.Length ?? 0;
        return value;
    }
}
