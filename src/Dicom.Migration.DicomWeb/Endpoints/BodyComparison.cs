using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.DicomWeb;

/// <summary>Whether two bodies are the same, byte for byte.</summary>
/// <param name="IsSame">They are.</param>
/// <param name="Length">Bytes of ours.</param>
/// <param name="Failure">Why the peer's could not be read to its end.</param>
internal readonly record struct BodyComparison(bool IsSame, long Length, Fault? Failure)
{
    /// <summary>Reads ours to its end, and the peer's as far as it is the same.</summary>
    public static async Task<BodyComparison> CompareAsync(PipeReader ours, PipeReader theirs, CancellationToken cancellationToken)
    {
        var (isSame, length, failure) = (true, 0L, (Fault?)null);
        while (true)
        {
            var read = await ours.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            length += read.Buffer.Length;
            try
            {
                foreach (var memory in read.Buffer)
                    if (isSame) isSame = await StartsWithAsync(theirs, memory, cancellationToken).ConfigureAwait(false);
                if (isSame && read.IsCompleted) isSame = (await theirs.ReadAtLeastAsync(1, cancellationToken).ConfigureAwait(false)).Buffer.IsEmpty;
            }
            catch (DicomWebException e) { (isSame, failure) = (false, e.Fault); }
            ours.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return new BodyComparison(isSame, length, failure);
        }
    }

    private static async Task<bool> StartsWithAsync(PipeReader theirs, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        while (!expected.IsEmpty)
        {
            var read = await theirs.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            var same = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, expected.Length));
            var length = (int)same.Length;
            var isSame = true;
            foreach (var memory in same)
            {
                isSame = isSame && memory.Span.SequenceEqual(expected.Span[..memory.Length]);
                expected = expected[memory.Length..];
            }
            theirs.AdvanceTo(same.End);
            if (!isSame || (length == 0 && read.IsCompleted)) return false;
        }
        return true;
    }
}
