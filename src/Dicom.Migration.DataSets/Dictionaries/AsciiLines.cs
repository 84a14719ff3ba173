namespace Dicom.Migration.DataSets;

/// <summary>Lines of cells parted by tabulators, as the generated tables hold them.</summary>
internal static class AsciiLines
{
    /// <summary>Compares the first cell with a key, ordinally.</summary>
    /// <returns>Less than 0 if the cell comes first.</returns>
    internal static int CompareFirstCell(ReadOnlySpan<byte> line, ReadOnlySpan<char> key)
    {
        for (var i = 0; ; i++)
        {
            var cellEnds = line[i] == (byte)'\t';
            if (cellEnds || i == key.Length) return cellEnds ? (i == key.Length ? 0 : -1) : 1;
            var difference = line[i] - key[i];
            if (difference != 0) return difference;
        }
    }
}
