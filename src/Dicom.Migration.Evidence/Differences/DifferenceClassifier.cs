using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>Says how an object that was read back stands to the one that was sent, and which elements differ.</summary>
/// <remarks>Both are read once, one after the other, in memory bounded by <see cref="DifferenceOptions.MaxElements"/>. Not thread-safe.</remarks>
public sealed class DifferenceClassifier : IDisposable
{
    private static readonly DicomTag OriginalAttributesSequence = new(0x04000561);
    private readonly DifferenceOptions _options;
    private readonly ContentOutlineReader _reader;
    private readonly CanonicalDigest _empty = new(DataElementDictionary.VrOf);

    /// <summary>Makes one.</summary>
    /// <param name="options">Its limits, or <see langword="null"/> for the defaults.</param>
    public DifferenceClassifier(DifferenceOptions? options = null)
    {
        _options = options ?? new DifferenceOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaxTags, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxElements, 1, nameof(options));
        _reader = new ContentOutlineReader(_options);
    }

    /// <summary>Compares two encoded data sets, without file meta information.</summary>
    /// <param name="sent">What was sent; stays the caller's.</param>
    /// <param name="sentSyntax">How it is encoded.</param>
    /// <param name="found">What was read back; stays the caller's.</param>
    /// <param name="foundSyntax">How it is encoded.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Unreadable if only what was read back is no data set; what cannot be compared otherwise is Unexplained, without tags.</returns>
    public async ValueTask<Difference> ClassifyAsync(
        PipeReader sent, TransferSyntax sentSyntax, PipeReader found, TransferSyntax foundSyntax, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sent);
        ArgumentNullException.ThrowIfNull(sentSyntax);
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(foundSyntax);
        var before = await _reader.ReadAsync(sent, sentSyntax, cancellationToken).ConfigureAwait(false);
        var after = await _reader.ReadAsync(found, foundSyntax, cancellationToken).ConfigureAwait(false);
        if (before.Bytes == after.Bytes && sentSyntax == foundSyntax) return new Difference(DifferenceClass.Equal, []);
        if (after.Content is null) return new Difference(before.Content is null ? DifferenceClass.Unexplained : DifferenceClass.Unreadable, []);
        if (before.Content is null) return new Difference(DifferenceClass.Unexplained, []);
        if (before.Content == after.Content)
            return new Difference(sentSyntax == foundSyntax ? DifferenceClass.EncodingOnly : DifferenceClass.TransferSyntaxOnly, []);
        var tags = Differing(before.Elements, after.Elements);
        return new Difference(Explain(tags, before, after), [.. tags.Take(_options.MaxTags)], tags.Count > _options.MaxTags);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _empty.Dispose();
    }

    private DifferenceClass Explain(SortedSet<DicomTag> tags, ContentOutline before, ContentOutline after)
    {
        if (tags.Count == 0) return DifferenceClass.Unexplained; // the same elements in another order: PS3.5 §7.1 has but one
        if (tags.All(_options.AttributesOfTheTarget.Contains)) return DifferenceClass.ChangedByTarget;
        return IsOnRecord(tags, before, after) ? DifferenceClass.PlannedChange : DifferenceClass.Unexplained;
    }

    /// <summary>PS3.3 §C.12.1.1.9: whoever changes an attribute keeps its former value. New records count alone, and none may be lost.</summary>
    private bool IsOnRecord(SortedSet<DicomTag> tags, ContentOutline before, ContentOutline after)
    {
        if (!tags.Contains(OriginalAttributesSequence) || tags.Count == 1 || before.FormerValues.Except(after.FormerValues).Any()) return false;
        var records = after.FormerValues.Except(before.FormerValues).ToHashSet();
        var former = before.Elements.ToLookup(e => e.Tag);
        foreach (var tag in tags)
        {
            if (tag == OriginalAttributesSequence) continue;
            if (former[tag].Any() ? !former[tag].All(records.Contains) : !records.Contains(new ElementDigest(tag, EmptyValue(tag)))) return false;
        }
        return true;
    }

    // An attribute that was not there before is on record without a value.
    private LedgerDigest EmptyValue(DicomTag tag) => new(_empty.Of(
        [(byte)tag.Group, (byte)(tag.Group >> 8), (byte)tag.Element, (byte)(tag.Element >> 8), 0, 0, 0, 0], TransferSyntax.ImplicitVrLittleEndian));

    private static SortedSet<DicomTag> Differing(IReadOnlyList<ElementDigest> before, IReadOnlyList<ElementDigest> after)
    {
        var (left, right) = (before.ToHashSet(), after.ToHashSet());
        left.SymmetricExceptWith(right);
        return [.. left.Select(e => e.Tag)];
    }
}
