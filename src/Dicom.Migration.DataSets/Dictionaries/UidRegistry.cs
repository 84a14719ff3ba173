using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>The UIDs that the standard registers (PS3.6 Annex A). Edition 2024d with the new storage classes of 2026b.</summary>
public static class UidRegistry
{
    /// <summary>All of them, sorted by UID; made anew at each call.</summary>
    public static IEnumerable<UidEntry> All
    {
        get
        {
            for (var row = 0; row < UidTable.TextOffsets.Length - 1; row++) yield return EntryOf(row);
        }
    }

    /// <summary>Finds a UID.</summary>
    /// <param name="uid">Without padding.</param>
    /// <param name="entry">What it names.</param>
    public static bool TryGet(ReadOnlySpan<char> uid, [NotNullWhen(true)] out UidEntry? entry)
    {
        var (low, high) = (0, UidTable.TextOffsets.Length - 2);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = AsciiLines.CompareFirstCell(UidTable.Text[UidTable.TextOffsets[middle]..], uid);
            if (order == 0)
            {
                entry = EntryOf(middle);
                return true;
            }

            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        entry = null;
        return false;
    }

    private static UidEntry EntryOf(int row)
    {
        var line = Encoding.ASCII.GetString(UidTable.Text[UidTable.TextOffsets[row]..(UidTable.TextOffsets[row + 1] - 1)]).Split('\t');
        return new UidEntry(line[0], line[1], line[2], line[4], line[3].Length > 0);
    }
}
