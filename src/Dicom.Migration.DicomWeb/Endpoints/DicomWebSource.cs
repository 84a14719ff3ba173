using System.Globalization;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>A DICOMweb archive: studies are listed by QIDO-RS and read by WADO-RS, in the transfer syntax that they are stored in.</summary>
/// <remarks>A study is asked for whole. What its answer leaves out, or breaks off in, is asked for alone: nothing is read twice but the start of one instance.</remarks>
public sealed class DicomWebSource : IMigrationSource
{
    private static readonly (Part10Assumptions Flag, string Name)[] Assumptions =
    [
        (Part10Assumptions.NoPreamble, "no-preamble"), (Part10Assumptions.NoFileMeta, "no-file-meta"),
        (Part10Assumptions.NoMetaGroupLength, "no-file-meta-length"), (Part10Assumptions.WrongMetaGroupLength, "wrong-file-meta-length"),
        (Part10Assumptions.ImplicitMeta, "implicit-vr-file-meta"), (Part10Assumptions.BigEndianMeta, "big-endian-file-meta"),
        (Part10Assumptions.GuessedTransferSyntax, "guessed-transfer-syntax"), (Part10Assumptions.ContradictedTransferSyntax, "contradicted-transfer-syntax"),
    ];

    private readonly DicomWebClient _client;
    private readonly StudyListing _listing;
    private int _mostListed; // instances, in one query

    /// <summary>A source that asks nothing before it is told to.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="client">How the archive is reached.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="time">The clock.</param>
    public DicomWebSource(string name, DicomWebClient client, DicomWebSourceOptions options, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        (Name, _client, _listing) = (name, client, new StudyListing(client, options.ListsByDateToo, time));
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    public string Address => _client.Connection.Root.AbsoluteUri;

    /// <inheritdoc/>
    /// <remarks>Each study is listed twice or more often, see <see cref="DicomWebSourceOptions.ListsByDateToo"/>. A listing goes on behind the years that were listed to their ends; what is asked for
    /// without a date is asked for again.</remarks>
    public async IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var studies = _listing.ListAsync(after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (studies.ConfigureAwait(false))
            while (await NextAsync(studies).ConfigureAwait(false))
                yield return studies.Current;
    }

    /// <inheritdoc/>
    /// <remarks>The Number of Study Related Instances (0020,1208) is a claim among claims: Orthanc 1.10 gives out what an object has there, which is the number of the
    /// archive that it came from. If the list of the study's instances ends as a list has to, and the study's answer has no other, then a larger number is one finding, by
    /// the rule <see cref="SourceFinding.ContradictedCount"/>; unless the list may be cut off by a cap. It is not if the number stands in an object of the study, or if the
    /// archive gives more instances than that in answer to another query. Otherwise each instance that the number promises is accounted for as not delivered.</remarks>
    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (unit.Key.StartsWith(StudyListing.Unlistable, StringComparison.Ordinal))
        {
            yield return new SourceFinding("", new Fault(FaultCode.QueryTooLarge));
            yield break;
        }
        if (!DicomUid.IsValid(unit.Key))
        {
            // It becomes no URL. An archive that holds such a study has to be asked for it by other ways.
            yield return new SourceFinding("", new Fault(FaultCode.MalformedUid, DicomTags.StudyInstanceUid));
            yield break;
        }
        var study = new DicomWebResource(unit.Key);
        var end = new QueryEnd();
        var missing = await ListAsync(study, end, cancellationToken).ConfigureAwait(false);
        var asked = new Dictionary<string, DicomWebResource>(missing, StringComparer.Ordinal);
        // An archive that caps its answers lists fewer instances than the study has, and sends them all.
        var isListedWhole = asked.Count >= (unit.Instances ?? 0);
        var isMoreSaid = asked.Count > 0 && unit.Instances > asked.Count;
        var (isAllListed, isOfObject) = (end.IsProven, false); // what came is no more than what is listed; the number that is said stands in an object
        var unlisted = new HashSet<string>(StringComparer.Ordinal);
        var unreadable = 0; // parts that are no instance, and so have no name
        var answer = _client.RetrieveAsync(study, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (answer.ConfigureAwait(false))
            while (await NextAsync(answer, mayBreakOff: asked.Count > 0 && isListedWhole, cancellationToken).ConfigureAwait(false) is (var instance, var name))
            {
                await using var _ = instance.ConfigureAwait(false);
                if (asked.Count > 0 && instance.Prefix is null)
                {
                    unreadable++; // what is missing for it is asked for alone
                    continue;
                }
                if (asked.Count > 0 && !asked.ContainsKey(name) && (isListedWhole || await InstanceName.PeekStudyAsync(instance, cancellationToken).ConfigureAwait(false) != unit.Key))
                {
                    unlisted.Add(name);
                    continue;
                }
                if (instance.Prefix is null)
                {
                    yield return new SourceFinding(name, instance.Fault!.Value);
                    continue;
                }
                isAllListed &= asked.ContainsKey(name);
                if (isMoreSaid) isOfObject |= int.TryParse(await InstanceName.PeekCountAsync(instance, cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture, out var count) && count == unit.Instances;
                var body = new ResumingBody(instance, name, _client, asked.GetValueOrDefault(name));
                await using var __ = body.ConfigureAwait(false);
                missing.Remove(name);
                yield return Instance(instance, body, name);
                if (!body.IsResumed) continue;
                isAllListed = false; // the rest of the answer is not known
                break;
            }

        DicomWebException? failure = null;
        foreach (var (uid, resource) in missing)
        {
            var alone = _client.RetrieveAsync(resource, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using var _ = alone.ConfigureAwait(false);
            var (instance, name) = ((DicomWebInstance?)null, "");
            try
            {
                if (await alone.MoveNextAsync().ConfigureAwait(false)) (instance, name) = (alone.Current, await InstanceName.PeekAsync(alone.Current, cancellationToken).ConfigureAwait(false));
            }
            catch (DicomWebException e) when (!IsOfInstance(e)) { throw Unavailable(e); }
            catch (DicomWebException e) when (e.Fault.Code is not (FaultCode.PeerBusy or FaultCode.PeerUnreachable) && e.Fault.IsTransient) { failure = e; }
            catch (DicomWebException e) when (!e.Fault.IsTransient) { }
            if (instance is { Prefix: null })
            {
                unreadable--;
                yield return new SourceFinding(uid, instance.Fault!.Value);
                continue;
            }
            if (instance is not null && name != uid)
            {
                unlisted.Add(name);
                instance = null;
            }
            if (instance is null)
            {
                // With a number of instances in the unit, whoever reads counts those that did not come.
                if (failure is null && unit.Instances is null) yield return new SourceFinding(uid, new Fault(FaultCode.NotDelivered));
                continue;
            }
            await using var __ = instance.ConfigureAwait(false);
            var body = new ResumingBody(instance, uid, _client, resource);
            await using var ___ = body.ConfigureAwait(false);
            yield return Instance(instance, body, uid);
        }
        if (failure is not null) throw failure;
        foreach (var name in unlisted) yield return new SourceFinding(name, new Fault(FaultCode.Unrequested));
        if (isMoreSaid && isAllListed && unlisted.Count + unreadable == 0 && (isOfObject || await ListsMoreThanAsync(asked.Count, cancellationToken).ConfigureAwait(false)))
            yield return new SourceFinding(string.Create(CultureInfo.InvariantCulture, $"{unit.Instances} said, {asked.Count} listed"), SourceFinding.ContradictedCount) { Instances = asked.Count };
        for (; unreadable > 0; unreadable--) yield return new SourceFinding("", new Fault(FaultCode.Unrequested));
    }

    /// <summary>The instances that the archive lists; empty if it cannot list them.</summary>
    private async Task<Dictionary<string, DicomWebResource>> ListAsync(DicomWebResource study, QueryEnd end, CancellationToken cancellationToken)
    {
        try
        {
            return await Patience.AskAsync(async () =>
            {
                var (instances, isUnderstood) = (new Dictionary<string, DicomWebResource>(StringComparer.Ordinal), true);
                await foreach (var instance in _client.SearchInstancesAsync(study, null, end, cancellationToken).ConfigureAwait(false))
                {
                    if (instance.GetString(DicomTags.SopInstanceUid) is not { } uid || !DicomUid.IsValid(uid) || instance.GetString(DicomTags.SeriesInstanceUid) is not { } series || !DicomUid.IsValid(series))
                    {
                        isUnderstood = false;
                        continue;
                    }
                    var resource = new DicomWebResource(study.StudyInstanceUid, series, uid);
                    isUnderstood &= !instances.TryGetValue(uid, out var other) || other == resource; // one UID in two series is two objects
                    instances[uid] = resource;
                }
                end.IsProven &= isUnderstood;
                return instances;
            }, _client.Connection.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.PeerUnreachable || !IsOfInstance(e)) { throw Unavailable(e); }
        catch (DicomWebException e) when (!e.Fault.IsTransient) { return []; }
        catch (DicomFormatException) { return []; }
    }

    /// <summary>Whether the archive has ever listed more instances at once: then what it lists of a study is not cut off there.</summary>
    private async Task<bool> ListsMoreThanAsync(int count, CancellationToken cancellationToken)
    {
        if (count < Volatile.Read(ref _mostListed)) return true;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await foreach (var instance in _client.SearchAllInstancesAsync(cancellationToken).ConfigureAwait(false))
                if (seen.Add(instance.GetString(DicomTags.SopInstanceUid)!) && seen.Count > count + _client.Connection.Options.PageSize) break;
        }
        catch (MigrationException e) when (e is DicomWebException or DicomFormatException) { } // what it gave before counts
        if (seen.Count > Volatile.Read(ref _mostListed)) Volatile.Write(ref _mostListed, seen.Count);
        return count < seen.Count;
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<SourceUnit> studies)
    {
        try { return await studies.MoveNextAsync().ConfigureAwait(false); }
        catch (MigrationException e) when (e is DicomWebException or DicomFormatException) { throw new SourceUnavailableException(e.Fault, "The studies cannot be listed.", e); }
    }

    private static async Task<(DicomWebInstance Instance, string Name)?> NextAsync(IAsyncEnumerator<DicomWebInstance> answer, bool mayBreakOff, CancellationToken cancellationToken)
    {
        try { return await answer.MoveNextAsync().ConfigureAwait(false) ? (answer.Current, await InstanceName.PeekAsync(answer.Current, cancellationToken).ConfigureAwait(false)) : null; }
        catch (DicomWebException e) when (!IsOfInstance(e)) { throw Unavailable(e); }
        catch (DicomWebException e) when (mayBreakOff && e.Fault.Code is not (FaultCode.PeerBusy or FaultCode.PeerUnreachable)) { return null; } // the rest is asked for alone
    }

    private static SourceUnavailableException Unavailable(DicomWebException e) => new(e.Fault, "The archive cannot be reached, or does not let us in.", e);

    private static bool IsOfInstance(DicomWebException e) => e.Fault.Code is not (FaultCode.AccessDenied or FaultCode.TlsRefused);

    private static SourceInstance Instance(DicomWebInstance instance, ResumingBody body, string place)
    {
        var prefix = instance.Prefix!;
        return new SourceInstance(place, body)
        {
            TransferSyntax = prefix.TransferSyntax,
            ClaimedSopClassUid = instance.SopClassUid,
            ClaimedSopInstanceUid = instance.SopInstanceUid,
            Envelope = (byte[])[.. prefix.Preamble.Span, .. prefix.FileMeta.Span],
            Assumptions = prefix.Assumptions == Part10Assumptions.None ? [] : [.. from a in Assumptions where prefix.Assumptions.HasFlag(a.Flag) select a.Name],
        };
    }
}
