using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>The record that a changed data set carries of what it was: Original Attributes Sequence (0400,0561), PS3.3 §C.12.1.1.9.</summary>
/// <remarks>The standard keeps the values that were changed or removed. What was added is named in a private element beside them, so that
/// the record is enough to undo the change. An element in an item is recorded with the whole sequence of the top level that it is in.</remarks>
public static class OriginalAttributes
{
    /// <summary>Creator of the private block that names added elements.</summary>
    public const string PrivateCreator = "DICOM MIGRATION ORIGINAL 1";

    private static readonly DicomTag Sequence = new(0x0400, 0x0561);
    private static readonly DicomTag ModifiedAttributes = new(0x0400, 0x0550);
    private static readonly DicomTag Creator = new(0x0401, 0x0010);
    private static readonly DicomTag Added = new(0x0401, 0x1001);

    /// <summary>Makes the patch that records other patches; it belongs with them into one plan.</summary>
    /// <param name="before">The data set before the change, at least up to the last element concerned.</param>
    /// <param name="patches">The changes; none of them of (0400,0561) itself.</param>
    /// <param name="modifyingSystem">Modifying System (0400,0563), LO.</param>
    /// <param name="reason">Reason for the Attribute Modification (0400,0565), CS: COERCE or CORRECT.</param>
    /// <param name="at">Attribute Modification DateTime (0400,0562); the same for every attempt, so that a second one makes the same object.</param>
    public static ElementPatch Record(DataSet before, IReadOnlyList<ElementPatch> patches, string modifyingSystem, string reason, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(patches);
        var concerned = patches.Select(TopLevel).Distinct().OrderBy(static tag => tag.Value).ToList();
        if (concerned.Contains(Sequence)) throw new ArgumentException("A patch changes (0400,0561) itself.", nameof(patches));
        var syntax = before.TransferSyntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : before.TransferSyntax;
        var modified = new DataSet(syntax);
        foreach (var tag in concerned)
            if (before.Find(tag) is { } was) modified.Add(Copy(was, syntax));
        var item = new DataSet(syntax);
        item.Add(DataElement.Sequence(ModifiedAttributes, [modified]));
        item.Add(DataElement.Text(new DicomTag(0x0400, 0x0562), DicomVr.DT, [at.ToUniversalTime().ToString("yyyyMMddHHmmss.ffffff'+0000'", CultureInfo.InvariantCulture)]));
        item.Add(DataElement.Text(new DicomTag(0x0400, 0x0563), DicomVr.LO, [modifyingSystem]));
        item.Add(DataElement.Text(new DicomTag(0x0400, 0x0564), DicomVr.LO, []));
        item.Add(DataElement.Text(new DicomTag(0x0400, 0x0565), DicomVr.CS, [reason]));
        var added = concerned.FindAll(tag => before.Find(tag) is null);
        if (added.Count > 0)
        {
            item.Add(DataElement.Text(Creator, DicomVr.LO, [PrivateCreator]));
            item.Add(DataElement.Integers(Added, DicomVr.AT, [.. added.Select(static tag => (long)tag.Value)]));
        }
        var earlier = before.Find(Sequence);
        var value = Encode([.. Copies(earlier?.Items ?? [], syntax), item], syntax);
        return earlier is null ? ElementPatch.Add(Sequence, DicomVr.SQ, value) : ElementPatch.Replace(Sequence, DicomVr.SQ, value);
    }

    /// <summary>Makes the patches that undo the change recorded last, and take its record away.</summary>
    /// <param name="after">The changed data set, at least up to the last element concerned.</param>
    /// <exception cref="DicomFormatException">There is no record, or it does not fit the data set (<see cref="FaultCode.PatchNotApplicable"/>).</exception>
    public static IReadOnlyList<ElementPatch> Undo(DataSet after)
    {
        ArgumentNullException.ThrowIfNull(after);
        if (after.Find(Sequence) is not { Items: [.., var last] all } || last.Find(ModifiedAttributes) is not { Items: [var modified] })
            throw new DicomFormatException(new Fault(FaultCode.PatchNotApplicable, Sequence));
        var syntax = after.TransferSyntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : after.TransferSyntax;
        var patches = new List<ElementPatch>();
        foreach (var was in modified)
        {
            var value = was.IsSequence ? Encode(Copies(was.Items, syntax), syntax) : was.Value;
            patches.Add(after.Find(was.Tag) is null ? ElementPatch.Add(was.Tag, was.Vr, value) : ElementPatch.Replace(was.Tag, was.Vr, value));
        }
        if (last.GetString(Creator) == PrivateCreator && last.TryGetValue(Added, out var added))
            for (var i = 0; i < added.Count; i++)
                if (added.TryGetTag(out var tag, i)) patches.Add(ElementPatch.Remove(tag));
        patches.Add(all.Count == 1 ? ElementPatch.Remove(Sequence) : ElementPatch.Replace(Sequence, DicomVr.SQ, Encode(Copies(all.SkipLast(1), syntax), syntax)));
        return patches;
    }

    private static DicomTag TopLevel(ElementPatch patch) => patch.Path.Count == 0 ? patch.Tag : patch.Path[0].Sequence;

    // An item is part of one data set only, and the one that was read stays as it is.
    private static DataElement Copy(DataElement element, TransferSyntax syntax) =>
        element.IsSequence ? DataElement.Sequence(element.Tag, Copies(element.Items, syntax), element.HasUndefinedLength) : element;

    private static DataSet[] Copies(IEnumerable<DataSet> items, TransferSyntax syntax) => [.. items.Select(item => DataSet.Read(item.ToArray(syntax), syntax))];

    // The items as they stand in the value field of a sequence: the element less its header.
    private static ReadOnlyMemory<byte> Encode(IEnumerable<DataSet> items, TransferSyntax syntax)
    {
        var holder = new DataSet(syntax);
        holder.Add(DataElement.Sequence(Sequence, items));
        return holder.ToArray(syntax).AsMemory(syntax.IsExplicitVr ? 12 : 8);
    }
}
