using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing;

/// <summary>An instance of no real patient, with what is known about it because it was made up.</summary>
public sealed class MadeUpInstance
{
    internal MadeUpInstance(MadeUpRecipe recipe, byte[] bytes) => (Recipe, Bytes) = (recipe, bytes);

    /// <summary>What it was made from.</summary>
    public MadeUpRecipe Recipe { get; }
    /// <summary>A name for test output: kind, encoding, what is special; no two in one call of a factory have the same.</summary>
    public required string Name { get; init; }
    /// <summary>The Part 10 file, or what the defect left of it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }
    /// <summary>Where the data set begins, in bytes: after preamble and file meta information. 0 where there are none.</summary>
    public int DataSetOffset { get; init; }
    /// <summary>SOP Class UID.</summary>
    public required string SopClassUid { get; init; }
    /// <summary>SOP Instance UID as it is written, malformed too; empty where it is missing.</summary>
    public required string SopInstanceUid { get; init; }
    /// <summary>Series Instance UID.</summary>
    public required string SeriesInstanceUid { get; init; }
    /// <summary>Study Instance UID.</summary>
    public required string StudyInstanceUid { get; init; }
    /// <summary>How the data set really is encoded, whatever the file meta information says.</summary>
    public required TransferSyntax TransferSyntax { get; init; }
    /// <summary>Specific Character Set (0008,0005); empty for the default repertoire.</summary>
    public string CharacterSet => Recipe.CharacterSet;
    /// <summary>Patient's Name as Unicode; the bytes were not made from it, but written down beside it.</summary>
    public required string PatientName { get; init; }
    /// <summary>What is wrong with it.</summary>
    public MadeUpDefect Defect => Recipe.Defect;
    /// <summary>What a reader that keeps its limits should report; <see langword="null"/> where it is readable, if need be with an assumption.</summary>
    public FaultCode? ExpectedFault { get; init; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
