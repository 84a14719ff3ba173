namespace Dicom.Migration.DataSets;

/// <summary>Limits of a <see cref="DataSet"/> that is read into memory.</summary>
public sealed class DataSetOptions
{
    /// <summary>Longest data set, in bytes, deflated or not; 1 or more. Default 268,435,456 (256 MiB): all but long multi-frame objects.</summary>
    public int MaxLength { get; init; } = 268_435_456;

    /// <summary>Sequences within sequences; 1 or more. Default 64: real objects stay under 10.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Elements, items and fragments together; 1 or more. Default 1,000,000: each is an object of some 100 bytes.</summary>
    public long MaxElements { get; init; } = 1_000_000;

    /// <summary>The VR of a tag in Implicit VR. Default <see cref="DataElementDictionary.VrOf"/>.</summary>
    public Func<DicomTag, DicomVr> Dictionary { get; init; } = DataElementDictionary.VrOf;
}
