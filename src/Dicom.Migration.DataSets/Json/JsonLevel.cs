namespace Dicom.Migration.DataSets;

/// <summary>What holds for the data set, or for one item of a sequence in it, while its JSON is written.</summary>
internal sealed class JsonLevel
{
    internal SeenTags Seen { get; } = new();
    /// <summary>In force for its text; an item without (0008,0005) has that of what it lies in (PS3.5 §7.5.3).</summary>
    internal SpecificCharacterSet CharacterSet { get; set; } = SpecificCharacterSet.Default;
    /// <summary>Pixel Representation (0028,0103) is 1: what may be US or SS is SS in Implicit VR.</summary>
    internal bool IsSigned { get; set; }
    /// <summary>The sequence that is open in it.</summary>
    internal DicomTag Sequence { get; set; }
    /// <summary>Items of that sequence so far.</summary>
    internal int Items { get; set; }

    internal void Reset(JsonLevel? outer)
    {
        Seen.Clear();
        (CharacterSet, IsSigned, Items) = (outer?.CharacterSet ?? SpecificCharacterSet.Default, outer?.IsSigned ?? false, 0);
    }
}
