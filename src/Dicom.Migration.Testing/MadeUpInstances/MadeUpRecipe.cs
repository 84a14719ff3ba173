namespace Dicom.Migration.Testing;

/// <summary>What to make up. Whatever it does not say comes from the seed.</summary>
/// <param name="Kind">SOP class.</param>
/// <param name="Encoding">Transfer syntax; a kind without pixel data is written as Explicit VR Little Endian where it names a compression.</param>
public sealed record MadeUpRecipe(MadeUpKind Kind, MadeUpEncoding Encoding = MadeUpEncoding.ExplicitLittleEndian)
{
    /// <summary>One of <see cref="MadeUpInstances.CharacterSets"/>; the default repertoire by default.</summary>
    public string CharacterSet { get; init; } = "";
    /// <summary>How sequences end.</summary>
    public MadeUpSequences Sequences { get; init; }
    /// <summary>Whether groups begin with their length (retired; PS3.5 §7.2).</summary>
    public bool HasGroupLengths { get; init; }
    /// <summary>Whether there is a private block with a sequence (PS3.5 §7.8).</summary>
    public bool HasPrivateBlock { get; init; }
    /// <summary>Whether there is an element of VR UN and undefined length (PS3.5 §6.2.2); an undefined-length SQ in Implicit VR.</summary>
    public bool HasUnknownOfUndefinedLength { get; init; }
    /// <summary>What is wrong with it.</summary>
    public MadeUpDefect Defect { get; init; }
    /// <summary>Instances of the same number belong to one study: same patient, same Study Instance UID. 0 by default.</summary>
    public int Study { get; init; }
    /// <summary>Series within the study.</summary>
    public int Series { get; init; }
}
