namespace Dicom.Migration.DataSets.Tests;

/// <summary>The VRs that dcmdump shows of public tags anywhere in the corpus: a dictionary for tests, from outside the code under test.</summary>
internal static class CorpusDictionary
{
    private static readonly Lazy<Dictionary<uint, DicomVr>> Known = new(Build);

    internal static DicomVr Find(DicomTag tag) => Known.Value.TryGetValue(tag.Value, out var vr) ? vr : default;

    private static Dictionary<uint, DicomVr> Build()
    {
        var votes = new Dictionary<(uint, string), int>();
        foreach (var (_, _, truth) in Corpus.Files())
        {
            if (!truth.GetProperty("dcmdump").TryGetProperty("elements", out var elements) || elements.ValueKind != System.Text.Json.JsonValueKind.Array) continue;
            foreach (var e in elements.EnumerateArray())
            {
                var tag = Convert.ToUInt32(e[1].GetString(), 16);
                if (new DicomTag(tag).IsPrivate || e[2].GetString() is not { Length: 2 } vr || !vr.All(char.IsAsciiLetterUpper) || vr is "UN") continue;
                votes[(tag, vr)] = votes.GetValueOrDefault((tag, vr)) + 1;
            }
        }
        return votes.GroupBy(v => v.Key.Item1).ToDictionary(g => g.Key, g => g.MaxBy(v => v.Value).Key.Item2 is var vr ? new DicomVr((ushort)((vr[0] << 8) | vr[1])) : default);
    }
}
