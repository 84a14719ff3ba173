using System.Globalization;
using System.Text;

namespace Dicom.Migration.Generator;

/// <summary>Writes the data element dictionary: sorted tags, then repeating groups with their masks, in parallel columns.</summary>
internal static class DataElementTableWriter
{
    private sealed record Row(uint Tag, uint Mask, string Keyword, string Vr, string Alternative, string Vm, string Name, bool Retired)
    {
        public bool Repeats => Mask != uint.MaxValue;
    }

    internal static string Write(string[][] cells)
    {
        var rows = cells.Select(Parse).OrderBy(row => row.Repeats).ThenBy(row => row.Tag).ToArray();
        if (rows.DistinctBy(row => (row.Tag, row.Mask)).Count() != rows.Length) throw new InvalidDataException("A tag is listed twice.");
        var vms = rows.Select(row => row.Vm).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var (blob, offsets) = (new StringBuilder(), new List<int>());
        foreach (var row in rows)
        {
            offsets.Add(blob.Length);
            blob.Append(row.Keyword).Append('\t').Append(row.Name).Append('\n');
        }

        offsets.Add(blob.Length);
        if (blob.ToString().Any(c => c > 0x7E)) throw new InvalidDataException("A name is not ASCII; offsets are counted in characters.");
        // The first of a keyword wins: plain tags stand before repeating groups.
        var byKeyword = Enumerable.Range(0, rows.Length).Where(i => rows[i].Keyword.Length > 0)
            .DistinctBy(i => rows[i].Keyword, StringComparer.Ordinal).OrderBy(i => rows[i].Keyword, StringComparer.Ordinal).ToArray();

        return Tables.Header("data-elements.tsv") +
            "/// <summary>The data dictionary of PS3.6 and PS3.7 in parallel columns; read by <see cref=\"DataElementDictionary\"/>.</summary>\n" +
            "internal static class DataElementTable\n{\n" +
            $"    /// <summary>Rows before this one have one tag each and are sorted; the others repeat.</summary>\n    internal const int FirstRepeating = {rows.Count(row => !row.Repeats)};\n\n" +
            $"    internal static string[] Multiplicities {{ get; }} = [{string.Join(", ", vms.Select(vm => $"\"{vm}\""))}];\n\n" +
            Column("uint", "Tags", rows.Select(row => Hex(row.Tag))) +
            Column("uint", "Masks", rows.Where(row => row.Repeats).Select(row => Hex(row.Mask))) +
            Column("ushort", "Vrs", rows.Select(row => VrCode(row.Vr))) +
            Column("ushort", "AlternativeVrs", rows.Select(row => VrCode(row.Alternative))) +
            Column("byte", "MultiplicityIndexes", rows.Select(row => Number(Array.IndexOf(vms, row.Vm)))) +
            Column("byte", "Retired", rows.Select(row => row.Retired ? "1" : "0")) +
            Column("ushort", "ByKeyword", byKeyword.Select(Number)) +
            Column("int", "TextOffsets", offsets.Select(Number)) +
            "    /// <summary>A line a row: keyword, tabulator, name.</summary>\n" +
            "    internal static ReadOnlySpan<byte> Text => \"\"\"\n" + blob + "\n\"\"\"u8;\n}\n";
    }

    private static Row Parse(string[] cells)
    {
        var tag = uint.Parse(cells[0].Replace('x', '0'), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var mask = uint.Parse(string.Concat(cells[0].Select(c => c == 'x' ? '0' : 'F')), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var (vr, alternative) = ResolveVr(cells[2]);
        return new Row(tag, mask, cells[1], vr, alternative, cells[3], cells[4].Length > 0 ? cells[4] : Spell(cells[1]), cells[5].Length > 0);
    }

    /// <summary>The rule for a choice of VRs (PS3.5 §A.1 for Implicit VR): OW where it may be OW, else US.</summary>
    private static (string Vr, string Alternative) ResolveVr(string vr) => vr switch
    {
        "NONE" => ("", ""),
        "OB or OW" => ("OW", "OB"),
        "US or SS" => ("US", "SS"),
        "US or OW" or "US or SS or OW" => ("OW", "US"),
        { Length: 2 } => (vr, ""),
        _ => throw new InvalidDataException("A choice of VRs has no rule."),
    };

    /// <summary>ROIAreaName: ROI Area Name.</summary>
    private static string Spell(string keyword)
    {
        var text = new StringBuilder();
        for (var i = 0; i < keyword.Length; i++)
        {
            if (i > 0 && char.IsUpper(keyword[i]) && (!char.IsUpper(keyword[i - 1]) || (i + 1 < keyword.Length && char.IsLower(keyword[i + 1])))) text.Append(' ');
            text.Append(keyword[i]);
        }

        return text.ToString();
    }

    private static string Column(string type, string name, IEnumerable<string> values) =>
        $"    internal static ReadOnlySpan<{type}> {name} =>\n    [\n{Tables.Numbers(values)}    ];\n\n";

    private static string VrCode(string vr) => vr.Length == 0 ? "0" : string.Create(CultureInfo.InvariantCulture, $"0x{(vr[0] << 8) | vr[1]:X4}");
    private static string Hex(uint value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:X8}");
    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
