using System.Buffers;

namespace Dicom.Migration.DataSets;

/// <summary>Patches worked out as changes of bytes of one data set, in its own encoding: all other bytes stay as they are.</summary>
/// <remarks>The defined lengths of sequences and items around a change are put right; group lengths and the offsets in a DICOMDIR are
/// not, unless patched. Only the data set's start is needed, up to the last change: the bytes behind it, such as pixel data, are never looked at.
/// A deflated data set has no bytes of one element to change: inflate it, plan and apply on the inflated bytes as
/// <see cref="TransferSyntax.ExplicitVrLittleEndian"/>, and deflate the outcome (PS3.5 §A.5). All deflated bytes are others then, and
/// D1 with them: what was not patched is proved the same by D2 or by the inflated bytes.</remarks>
public sealed class PatchPlan
{
    private readonly List<Splice> _splices;
    private PatchPlan(List<Splice> splices) => _splices = splices;

    /// <summary>How much longer the data set becomes, in bytes; negative if shorter.</summary>
    public long LengthChange
    {
        get
        {
            long change = 0;
            foreach (var splice in _splices) change += splice.Inserted.Length - splice.Removed;
            return change;
        }
    }

    /// <summary>Works out the changes.</summary>
    /// <param name="start">The data set without file meta, whole, or up to behind the header of the first top-level element that follows all changes.</param>
    /// <param name="syntax">Its encoding; not deflated (see the remarks of the class).</param>
    /// <param name="patches">The changes, in any order; one element at most once.</param>
    /// <exception cref="ArgumentException"><paramref name="syntax"/> is deflated.</exception>
    /// <exception cref="DicomFormatException">The data set is malformed before the last change, or a patch does not fit
    /// (<see cref="FaultCode.PatchNotApplicable"/>): missing, there already, or the length does not fit its field.</exception>
    public static PatchPlan Create(ReadOnlySpan<byte> start, TransferSyntax syntax, IReadOnlyList<ElementPatch> patches)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentNullException.ThrowIfNull(patches);
        if (syntax.IsDeflated) throw new ArgumentException("A deflated data set cannot be patched in place.", nameof(syntax));
        var splices = new PatchPlanner(syntax, patches).Run(start);
        // OrderBy keeps the order of additions at one offset.
        return new PatchPlan([.. splices.OrderBy(static s => s.Offset).ThenBy(static s => s.Removed > 0)]);
    }

    /// <summary>Writes the patched data set.</summary>
    /// <param name="dataSet">The whole data set as it was.</param>
    /// <param name="output">Receives it.</param>
    public void Apply(ReadOnlySpan<byte> dataSet, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var at = 0;
        foreach (var splice in _splices)
        {
            output.Write(dataSet[at..(int)splice.Offset]);
            output.Write(splice.Inserted.Span);
            at = checked((int)(splice.Offset + splice.Removed));
        }
        output.Write(dataSet[at..]);
    }

    /// <summary>Copies a data set of any size, patching it on the way, through one buffer.</summary>
    /// <param name="from">Stands at the start of the data set as it was.</param>
    /// <param name="to">Receives it.</param>
    /// <param name="cancellationToken">Stops the copying.</param>
    /// <exception cref="EndOfStreamException">The stream ends before the last change.</exception>
    public async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var buffer = ArrayPool<byte>.Shared.Rent(81_920);
        try
        {
            long at = 0;
            foreach (var splice in _splices)
            {
                await PassAsync(from, to, splice.Offset - at, buffer, cancellationToken).ConfigureAwait(false);
                await to.WriteAsync(splice.Inserted, cancellationToken).ConfigureAwait(false);
                await PassAsync(from, null, splice.Removed, buffer, cancellationToken).ConfigureAwait(false);
                at = splice.Offset + splice.Removed;
            }
            await from.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true); // patient data
        }
    }

    private static async Task PassAsync(Stream from, Stream? to, long count, byte[] buffer, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            var read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), cancellationToken).ConfigureAwait(false);
            if (read == 0) throw new EndOfStreamException();
            if (to is not null) await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            count -= read;
        }
    }
}
