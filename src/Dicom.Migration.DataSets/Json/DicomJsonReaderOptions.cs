namespace Dicom.Migration.DataSets;

/// <summary>What a <see cref="DicomJsonReader"/> makes of JSON, and its limits.</summary>
public sealed class DicomJsonReaderOptions
{
    /// <summary>What the data set is made for. Default Explicit VR Little Endian.</summary>
    public TransferSyntax TransferSyntax { get; init; } = TransferSyntax.ExplicitVrLittleEndian;

    /// <summary>What text is encoded in; Specific Character Set (0008,0005) says so wherever it has a value, or has to have one.
    /// Default UTF-8 (ISO_IR 192), which holds all of it.</summary>
    public SpecificCharacterSet CharacterSet { get; init; } = SpecificCharacterSet.Utf8;

    /// <summary>Longest JSON of one object, in bytes; 2 to 1,000,000,000. Default 268,435,456 (256 MiB).</summary>
    public int MaxLength { get; init; } = 268_435_456;

    /// <summary>Sequences within sequences; 1 or more. Default 64: real objects stay under 10.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Elements and items of one object together; 1 or more. Default 1,000,000: each is an object of some 100 bytes.</summary>
    public long MaxElements { get; init; } = 1_000_000;

    /// <summary>Makes the element that a BulkDataURI stands for; the reader itself follows no URI. Without it, or where it gives
    /// <see langword="null"/>, the element is left out, and that is a finding.</summary>
    public Func<DicomJsonBulkDataUri, DataElement?>? BulkData { get; init; }

    /// <summary>Is told of each finding; its offset is in the JSON.</summary>
    public Action<DicomJsonFinding>? OnFinding { get; init; }
}

/// <summary>A BulkDataURI as it stands in JSON (PS3.18 §F.2.6): whoever sent it chose it, so trust no host and no path in it.</summary>
/// <param name="Tag">Its element.</param>
/// <param name="Vr">Its VR.</param>
/// <param name="Uri">Absolute or relative, valid or not.</param>
public sealed record DicomJsonBulkDataUri(DicomTag Tag, DicomVr Vr, string Uri)
{
    /// <summary>Tag and VR; the URI may hold what patients are known by.</summary>
    public override string ToString() => $"{Tag} {Vr}";
}
