using System.Globalization;
using System.Text;

namespace Dicom.Migration.Generator;

/// <summary>Writes the registry of UIDs (PS3.6 Annex A), sorted by UID.</summary>
internal static class UidTableWriter
{
    internal static string Write(string[][] cells)
    {
        var rows = cells.OrderBy(row => row[0], StringComparer.Ordinal).ToArray();
        if (rows.DistinctBy(row => row[0], StringComparer.Ordinal).Count() != rows.Length) throw new InvalidDataException("A UID is listed twice.");
        var (blob, offsets) = (new StringBuilder(), new List<int>());
        foreach (var row in rows)
        {
            offsets.Add(blob.Length);
            blob.AppendJoin('\t', row[0], row[5], row[2], row[4].Length > 0 ? "R" : "", row[1]).Append('\n');
        }

        offsets.Add(blob.Length);
        if (blob.ToString().Any(c => c > 0x7E)) throw new InvalidDataException("A name is not ASCII; offsets are counted in characters.");
        return Tables.Header("uids.tsv") +
            "/// <summary>The registry of UIDs of PS3.6 Annex A; read by <see cref=\"UidRegistry\"/>.</summary>\ninternal static class UidTable\n{\n" +
            "    internal static ReadOnlySpan<int> TextOffsets =>\n    [\n" +
            Tables.Numbers(offsets.Select(offset => offset.ToString(CultureInfo.InvariantCulture))) + "    ];\n\n" +
            "    /// <summary>A line a row, sorted: UID, keyword, type, R if retired, name.</summary>\n" +
            "    internal static ReadOnlySpan<byte> Text => \"\"\"\n" + blob + "\n\"\"\"u8;\n}\n";
    }
}
