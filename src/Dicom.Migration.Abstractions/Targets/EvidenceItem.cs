using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration;

/// <summary>What a target showed of one instance. Whoever receives it disposes it.</summary>
/// <param name="reference">The instance that was asked about.</param>
/// <param name="level">The level that was reached.</param>
public sealed class EvidenceItem(StoredReference reference, EvidenceLevel level) : IAsyncDisposable
{
    /// <summary>The instance that was asked about.</summary>
    public StoredReference Reference { get; } = reference ?? throw new ArgumentNullException(nameof(reference));
    /// <summary>The level that was reached; with a <see cref="Fault"/>, the level that was asked for.</summary>
    public EvidenceLevel Level { get; } = level;
    /// <summary>Why there is no evidence; <see langword="null"/> if there is.</summary>
    public Fault? Fault { get; init; }
    /// <summary>L3: the metadata as the target gave it, in DICOM JSON (PS3.18 Annex F): one object, or an array of one.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }
    /// <summary>L3: fetches a value for which <see cref="Metadata"/> has a URI, while the item is held; <see langword="null"/> comes back for what the target cannot give.
    /// It throws a <see cref="TargetUnavailableException"/> as whoever made the item does.</summary>
    public Func<DicomJsonBulkDataUri, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>>? BulkData { get; init; }
    /// <summary>L4: exactly the encoded data set as the target holds it.</summary>
    public PipeReader? Body { get; init; }
    /// <summary>L4: how <see cref="Body"/> is encoded, if the target says so.</summary>
    public TransferSyntax? TransferSyntax { get; init; }
    /// <summary>L4: preamble, prefix and file meta information as the target holds them, if it shows them.</summary>
    public ReadOnlyMemory<byte> Envelope { get; init; }

    /// <summary>Completes the body.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Body is not null) await Body.CompleteAsync().ConfigureAwait(false);
    }
}
