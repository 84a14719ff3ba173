namespace Dicom.Migration.DataSets;

/// <summary>Limits of a <see cref="DataSetReader"/>, and what it knows of tags.</summary>
public sealed class DataSetReaderOptions
{
    /// <summary>Sequences within sequences; 1 or more. Default 64: real objects stay under 10.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Elements, items and fragments together; 1 or more. Default 10,000,000: an enhanced object of 100,000 frames.</summary>
    public long MaxElements { get; init; } = 10_000_000;

    /// <summary>The VR of a tag in Implicit VR; the default value for a tag that it does not know. Without it no VR is told and
    /// a sequence of defined length is an element like any other.</summary>
    public Func<DicomTag, DicomVr>? ImplicitVr { get; init; }
}
