using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>The data dictionary of the standard: PS3.6, and the command elements of PS3.7. Edition 2024d with the new elements of 2026b.</summary>
/// <remarks>Static tables; nothing is built at start-up. Private elements are not in it.</remarks>
[SuppressMessage("Naming", "CA1711", Justification = "Data Dictionary is the standard's own word (PS3.6).")]
public static class DataElementDictionary
{
    /// <summary>The VR of an element, for data sets in Implicit VR.</summary>
    /// <returns>UL for group lengths, LO for private creators (PS3.5 §7.8.1), UN for other private and for unknown elements, none
    /// (the default value) for items and delimiters. Where the standard leaves a choice: OW if that is among them, else US
    /// (PS3.5 §A.1; whether US or SS is meant, Pixel Representation (0028,0103) tells).</returns>
    public static DicomVr VrOf(DicomTag tag)
    {
        if (tag.IsGroupLength) return DicomVr.UL;
        if (tag.IsPrivate) return tag.IsPrivateCreator ? DicomVr.LO : DicomVr.UN;
        var row = RowOf(tag.Value);
        return row < 0 ? DicomVr.UN : new DicomVr(DataElementTable.Vrs[row]);
    }

    /// <summary>Finds what the standard says about an element.</summary>
    /// <returns><see langword="false"/> for private and unknown elements. Group lengths and private creators are known by rule.</returns>
    public static bool TryGet(DicomTag tag, out DataElementEntry entry)
    {
        var row = tag.IsPrivate ? -1 : RowOf(tag.Value);
        if (tag.IsGroupLength && row >= DataElementTable.FirstRepeating) row = -1; // (1010,xxxx) has a group length too
        if (row >= 0)
        {
            var text = DataElementTable.Text[DataElementTable.TextOffsets[row]..(DataElementTable.TextOffsets[row + 1] - 1)];
            var tabulator = text.IndexOf((byte)'\t');
            entry = new DataElementEntry(tag, Encoding.ASCII.GetString(text[..tabulator]), Encoding.ASCII.GetString(text[(tabulator + 1)..]),
                new DicomVr(DataElementTable.Vrs[row]), new DicomVr(DataElementTable.AlternativeVrs[row]),
                DataElementTable.Multiplicities[DataElementTable.MultiplicityIndexes[row]], DataElementTable.Retired[row] != 0);
            return true;
        }

        entry = tag switch
        {
            { IsGroupLength: true } => new DataElementEntry(tag, "GenericGroupLength", "Generic Group Length", DicomVr.UL, default, "1", true),
            { IsPrivateCreator: true } => new DataElementEntry(tag, "PrivateCreator", "Private Creator", DicomVr.LO, default, "1", false),
            _ => default,
        };
        return entry.Keyword is not null;
    }

    /// <summary>Finds the tag of a keyword; of a repeating group the first, such as (6000,3000) for OverlayData.</summary>
    /// <param name="keyword">As in PS3.6, capitals as there.</param>
    /// <param name="tag">The tag.</param>
    public static bool TryGetTag(ReadOnlySpan<char> keyword, out DicomTag tag)
    {
        var (low, high) = (0, DataElementTable.ByKeyword.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var row = DataElementTable.ByKeyword[middle];
            var order = AsciiLines.CompareFirstCell(DataElementTable.Text[DataElementTable.TextOffsets[row]..], keyword);
            if (order == 0)
            {
                tag = new DicomTag(DataElementTable.Tags[row]);
                return true;
            }

            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        tag = default;
        return false;
    }

    private static int RowOf(uint tag)
    {
        var row = DataElementTable.Tags[..DataElementTable.FirstRepeating].BinarySearch(tag);
        if (row >= 0) return row;
        var masks = DataElementTable.Masks;
        var tags = DataElementTable.Tags[DataElementTable.FirstRepeating..];
        for (var i = 0; i < masks.Length; i++)
            if ((tag & masks[i]) == tags[i]) return DataElementTable.FirstRepeating + i;
        return -1;
    }
}
