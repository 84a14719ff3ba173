using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>A DICOMweb archive that is stored into by STOW-RS, in bounded requests, and shows what it holds by QIDO-RS and WADO-RS.</summary>
public sealed class DicomWebTarget : IEvidenceTarget
{
    /// <summary>A target that asks nothing before it is told to.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="client">How the archive is reached.</param>
    /// <param name="options">How it is stored into.</param>
    public DicomWebTarget(string name, DicomWebClient client, DicomWebTargetOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        (Name, Client, Options, Held) = (name, client, options, new HeldInstances(client));
        Levels = options.ReadsBack ? [EvidenceLevel.L4, EvidenceLevel.L3, EvidenceLevel.L1] : [EvidenceLevel.L3, EvidenceLevel.L1];
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    public string Address => Client.Connection.Root.AbsoluteUri;
    /// <summary>L4: instances are retrieved, unless <see cref="DicomWebTargetOptions.ReadsBack"/> says otherwise; L3: their metadata is; L1: a query lists them.</summary>
    public IReadOnlyList<EvidenceLevel> Levels { get; }
    internal DicomWebClient Client { get; }
    internal DicomWebTargetOptions Options { get; }
    internal HeldInstances Held { get; }

    /// <inheritdoc/>
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken) => Task.FromResult<ITargetSession>(new DicomWebTargetSession(this));

    /// <inheritdoc/>
    public IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(references);
        if (!Levels.Contains(level)) throw new ArgumentOutOfRangeException(nameof(level));
        return level is EvidenceLevel.L1 ? ListAsync(references, cancellationToken) : RetrieveAsync(level, references, cancellationToken);
    }

    private async IAsyncEnumerable<EvidenceItem> ListAsync(IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var study in references.GroupBy(static r => r.StudyInstanceUid, StringComparer.Ordinal))
        {
            var listed = new HashSet<string>(StringComparer.Ordinal);
            try
            {
                await AskAsync(async () =>
                {
                    await foreach (var result in Client.SearchInstancesAsync(new DicomWebResource(study.Key), null, cancellationToken).ConfigureAwait(false))
                        listed.Add(result.GetString(DicomTags.SopInstanceUid)!);
                    return true;
                }, cancellationToken).ConfigureAwait(false);
            }
            catch (MigrationException e) when (e is DicomWebException or DicomFormatException) { FaultOf(e); } // of the archive as a whole, or else each is asked for alone
            foreach (var reference in study)
                yield return new EvidenceItem(reference, EvidenceLevel.L1) { Fault = listed.Contains(reference.SopInstanceUid) ? null : await FindAsync(reference, cancellationToken).ConfigureAwait(false) };
        }
    }

    /// <summary>Asks for one instance alone: no list of a study proves by itself that a cap has not cut it off.</summary>
    private async Task<Fault?> FindAsync(StoredReference reference, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(async () =>
            {
                var isEmpty = true;
                var query = new DicomWebQuery().Match(DicomTags.SopInstanceUid, reference.SopInstanceUid);
                await foreach (var result in Client.SearchInstancesAsync(new DicomWebResource(reference.StudyInstanceUid, reference.SeriesInstanceUid), query, cancellationToken).ConfigureAwait(false))
                {
                    if (result.GetString(DicomTags.SopInstanceUid)!.TrimEnd('\0', ' ') == reference.SopInstanceUid) return (Fault?)null;
                    isEmpty = false;
                }
                // Others than were asked for: it does not match by this attribute, and what it lists instead may be cut off.
                return new Fault(isEmpty ? FaultCode.MissingAtTarget : FaultCode.QueryTooLarge);
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (MigrationException e) when (e is DicomWebException or DicomFormatException) { return e.Fault.Code is FaultCode.QueryTooLarge ? new Fault(FaultCode.QueryTooLarge) : FaultOf(e); }
    }

    private async IAsyncEnumerable<EvidenceItem> RetrieveAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var reference in references)
        {
            if (level is EvidenceLevel.L3)
            {
                yield return await MetadataAsync(reference, cancellationToken).ConfigureAwait(false);
                continue;
            }
            var (answer, fault) = (default(IAsyncEnumerator<DicomWebInstance>), (Fault?)null);
            DicomWebInstance? instance = null;
            try
            {
                instance = await AskAsync(async () =>
                {
                    if (answer is not null) await answer.DisposeAsync().ConfigureAwait(false);
                    answer = Client.RetrieveAsync(new DicomWebResource(reference.StudyInstanceUid, reference.SeriesInstanceUid, reference.SopInstanceUid), cancellationToken).GetAsyncEnumerator(cancellationToken);
                    return await answer.MoveNextAsync().ConfigureAwait(false) ? answer.Current : null;
                }, cancellationToken).ConfigureAwait(false);
                // Success and no part: it says that it holds the object, and does not show it.
                fault = instance is null or { Prefix: null } ? new Fault(FaultCode.UnreadableAtTarget) : null;
            }
            catch (DicomWebException e) { fault = FaultOf(e); }
            try
            {
                if (fault is not null) yield return new EvidenceItem(reference, level) { Fault = fault };
                else yield return new EvidenceItem(reference, level)
                {
                    Body = instance!.Body,
                    TransferSyntax = instance.Prefix!.TransferSyntax,
                    Envelope = (byte[])[.. instance.Prefix.Preamble.Span, .. instance.Prefix.FileMeta.Span],
                };
            }
            finally
            {
                if (answer is not null) await answer.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<EvidenceItem> MetadataAsync(StoredReference reference, CancellationToken cancellationToken)
    {
        try
        {
            var metadata = await AskAsync(() => Client.RetrieveMetadataBytesAsync(new DicomWebResource(reference.StudyInstanceUid, reference.SeriesInstanceUid, reference.SopInstanceUid), cancellationToken), cancellationToken).ConfigureAwait(false);
            if (metadata.IsEmpty) return new EvidenceItem(reference, EvidenceLevel.L3) { Fault = new Fault(FaultCode.MissingAtTarget) };
            return await CheckAsync(metadata, reference, cancellationToken).ConfigureAwait(false) is { } fault ? new EvidenceItem(reference, EvidenceLevel.L3) { Fault = fault }
                : new EvidenceItem(reference, EvidenceLevel.L3) { Metadata = metadata, BulkData = new BulkDataValues(Client).FetchAsync };
        }
        catch (DicomWebException e) { return new EvidenceItem(reference, EvidenceLevel.L3) { Fault = FaultOf(e) }; }
    }

    private Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken) => Patience.AskAsync(ask, Client.Connection.Time, cancellationToken);

    /// <summary>The fault of metadata that is malformed, or not that of the one instance that was asked about.</summary>
    private static async Task<Fault?> CheckAsync(ReadOnlyMemory<byte> metadata, StoredReference reference, CancellationToken cancellationToken)
    {
        var (count, isOurs) = (0, false);
        using var json = new MemoryStream(metadata.ToArray(), writable: false);
        try
        {
            await foreach (var dataSet in DicomJsonReader.ReadAllAsync(json, null, cancellationToken).ConfigureAwait(false))
                (count, isOurs) = (count + 1, dataSet.GetString(DicomTags.SopInstanceUid)?.TrimEnd('\0', ' ') == reference.SopInstanceUid);
        }
        catch (DicomFormatException e) { return new Fault(FaultCode.UnreadableAtTarget, e.Fault.Tag); }
        return count == 1 && isOurs ? null : new Fault(FaultCode.UnreadableAtTarget);
    }

    /// <summary>Of the instance; what is of the archive as a whole is thrown.</summary>
    internal static Fault FaultOf(MigrationException e) => e.Fault switch
    {
        { Code: FaultCode.PathNotFound } => new Fault(FaultCode.MissingAtTarget),
        { IsTransient: true } or { Code: FaultCode.AccessDenied or FaultCode.TlsRefused } => throw new TargetUnavailableException(e.Fault, "The target does not answer.", e),
        _ => new Fault(FaultCode.UnreadableAtTarget),
    };
}
