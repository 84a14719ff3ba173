using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dicom.Migration.DataSets;

/// <summary>Holds a data set against the DICOM JSON (PS3.18 Annex F) that a server gives of it as its metadata.</summary>
/// <remarks>
/// Values are compared as what they mean: numbers as numbers, whole ones to the last digit, other DS as IEEE doubles as JSON has them; text as Unicode, without the padding that has no
/// meaning (PS3.5 §6.2) and without empty components at the end of a name (§6.2.1); binary values byte for byte in Little Endian. Another VR for the same value
/// is the same. Not looked at on either side: pixel data and all else of group 7FE0, on every level; group 0002, group lengths, Length to End (0008,0001), Data Set
/// Trailing Padding (FFFC,FFFC); and Specific Character Set (0008,0005), as JSON is UTF-8 and has its own.
/// Not compared, and so neither the same nor different: a value for which the JSON has but a URI that is not fetched, text whose bytes are no characters of its declared set, an element that
/// the data set has twice, and what was no sequence on one side but cannot be read as one.
/// </remarks>
public static class DicomJsonComparer
{
    private static readonly DicomTag CharacterSetTag = new(0x00080005), LengthToEnd = new(0x00080001), TrailingPadding = new(0xFFFCFFFC);
    private static readonly byte[] Elsewhere = new byte[2]; // stands, by identity, for a value that is where a URI points

    /// <summary>Compares.</summary>
    /// <param name="dataSet">The data set, with or without pixel data.</param>
    /// <param name="json">One object, or an array of one.</param>
    /// <param name="bulkData">Fetches the bytes that a URI stands for, in Little Endian, or says that it cannot by <see langword="null"/>. Asked for the URIs of binary
    /// values outside group 7FE0, one after the other, each once. Without it none of these values is compared.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomFormatException">The JSON is malformed, or is not one object.</exception>
    public static async ValueTask<DicomJsonDifference> CompareAsync(
        DataSet dataSet, ReadOnlyMemory<byte> json, Func<DicomJsonBulkDataUri, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>>? bulkData = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var fetched = new Dictionary<string, ReadOnlyMemory<byte>?>(StringComparer.Ordinal);
        var wanted = new List<DicomJsonBulkDataUri>();
        var theirs = await ReadAsync(json, at =>
        {
            if (bulkData is not null && IsBinary(at)) wanted.Add(at);
            return Elsewhere;
        }, cancellationToken).ConfigureAwait(false);
        foreach (var at in wanted.DistinctBy(static at => at.Uri, StringComparer.Ordinal)) fetched[at.Uri] = await bulkData!(at, cancellationToken).ConfigureAwait(false);
        if (fetched.Count > 0) theirs = await ReadAsync(json, at => IsBinary(at) && fetched[at.Uri] is { } bytes ? bytes : Elsewhere, cancellationToken).ConfigureAwait(false);
        var (different, notCompared) = (new SortedSet<DicomTag>(), new SortedSet<DicomTag>());
        foreach (var (tag, match) in Elements(dataSet, dataSet.CharacterSet, theirs, theirs.CharacterSet))
        {
            if (match is JsonMatch.Different) different.Add(tag);
            else if (match is JsonMatch.NotCompared) notCompared.Add(tag);
        }
        return new DicomJsonDifference([.. different], [.. notCompared]);
    }

    // What text is encoded in where a URI points, nobody says.
    private static bool IsBinary(DicomJsonBulkDataUri at) => at.Tag.Group != 0x7FE0 && !at.Vr.IsText && at.Vr != DicomVr.SQ;

    private static async ValueTask<DataSet> ReadAsync(ReadOnlyMemory<byte> json, Func<DicomJsonBulkDataUri, ReadOnlyMemory<byte>> bulkData, CancellationToken cancellationToken)
    {
        var options = new DicomJsonReaderOptions { BulkData = at => new DataElement(at.Tag, at.Vr, bulkData(at)) };
        using var stream = MemoryMarshal.TryGetArray(json, out var array) ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false) : new MemoryStream(json.ToArray(), writable: false);
        DataSet? one = null;
        await foreach (var dataSet in DicomJsonReader.ReadAllAsync(stream, options, cancellationToken).ConfigureAwait(false))
            one = one is null ? dataSet : throw new DicomFormatException(new Fault(FaultCode.MalformedJson));
        return one ?? throw new DicomFormatException(new Fault(FaultCode.MalformedJson));
    }

    private static IEnumerable<(DicomTag Tag, JsonMatch Match)> Elements(DataSet ours, SpecificCharacterSet ourSet, DataSet theirs, SpecificCharacterSet theirSet)
    {
        var left = new Dictionary<DicomTag, DataElement>(ours.Count);
        foreach (var element in ours)
            if (!IsPassedOver(element.Tag) && !left.TryAdd(element.Tag, element)) yield return (element.Tag, JsonMatch.NotCompared);
        foreach (var element in theirs)
            if (!IsPassedOver(element.Tag)) yield return (element.Tag, left.Remove(element.Tag, out var own) ? Compare(own, ourSet, element, theirSet) : JsonMatch.Different);
        foreach (var tag in left.Keys) yield return (tag, JsonMatch.Different);
    }

    private static bool IsPassedOver(DicomTag tag) => tag.IsGroupLength || tag.Group is 0x0002 or 0x7FE0 || tag == CharacterSetTag || tag == LengthToEnd || tag == TrailingPadding;

    private static JsonMatch Compare(DataElement ours, SpecificCharacterSet ourSet, DataElement theirs, SpecificCharacterSet theirSet)
    {
        if (ours.IsEncapsulated || (MemoryMarshal.TryGetArray(theirs.Value, out var array) && ReferenceEquals(array.Array, Elsewhere))) return JsonMatch.NotCompared;
        if (IsEmpty(ours) && IsEmpty(theirs)) return JsonMatch.Same;
        if (!ours.IsSequence && !theirs.IsSequence) return JsonValueComparison.Compare(ours, ourSet, theirs, theirSet);
        if (Items(ours) is not { } left || Items(theirs) is not { } right) return JsonValueComparison.IsRaw(ours.Vr) || JsonValueComparison.IsRaw(theirs.Vr) ? JsonMatch.NotCompared : JsonMatch.Different;
        if (left.Count != right.Count) return JsonMatch.Different;
        var worst = JsonMatch.Same;
        for (var i = 0; i < left.Count && worst is not JsonMatch.Different; i++)
            foreach (var (_, match) in Elements(left[i], Within(left[i], ourSet), right[i], Within(right[i], theirSet))) worst = match > worst ? match : worst;
        return worst;
    }

    // PS3.3 §C.12.1.1.2: an item has its own, or that of what is around it.
    private static SpecificCharacterSet Within(DataSet item, SpecificCharacterSet outer) => item.Find(CharacterSetTag) is null ? outer : item.CharacterSet;

    private static bool IsEmpty(DataElement element) => element.Items.Count == 0
        && (element.Value.IsEmpty || (element.Vr.IsText && !element.Value.Span.ContainsAnyExcept((byte)' ', (byte)0)));

    /// <summary>The items of a sequence, or of a value that is one for whoever knows its tag; <see langword="null"/> if it is none.</summary>
    private static IReadOnlyList<DataSet>? Items(DataElement element)
    {
        if (element.IsSequence || element.Value.IsEmpty) return element.Items;
        if (!JsonValueComparison.IsRaw(element.Vr)) return null;
        // PS3.5 §6.2.2: what is UN is in Implicit VR Little Endian within.
        var bytes = new byte[8 + element.Value.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, element.Tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), element.Tag.Element);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), element.Value.Length);
        element.Value.CopyTo(bytes.AsMemory(8));
        try { return DataSet.Read(bytes, TransferSyntax.ImplicitVrLittleEndian, new DataSetOptions { Dictionary = tag => tag == element.Tag ? DicomVr.SQ : DataElementDictionary.VrOf(tag) })[0].Items; }
        catch (DicomFormatException) { return null; }
    }
}
