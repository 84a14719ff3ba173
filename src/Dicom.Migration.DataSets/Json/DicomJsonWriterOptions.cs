namespace Dicom.Migration.DataSets;

/// <summary>How IS and DS are written; PS3.18 §F.2.3 allows both.</summary>
public enum DicomJsonNumbers
{
    /// <summary>As numbers, digit by digit as they stand; as strings where they are no JSON numbers, such as +1 or 01.</summary>
    AsNumbers,
    /// <summary>As strings.</summary>
    AsStrings,
}

/// <summary>What a <see cref="DicomJsonWriter"/> writes, and its limits.</summary>
public sealed class DicomJsonWriterOptions
{
    /// <summary>Group 0002 comes first in the object. Default <see langword="false"/>: it is of the file, not of the data set.</summary>
    public bool IncludeFileMeta { get; init; }

    /// <summary>How IS and DS are written. Default as numbers.</summary>
    public DicomJsonNumbers Numbers { get; init; }

    /// <summary>Longest value of VR OB, OD, OF, OL, OV, OW or UN that is written as InlineBinary, in bytes; 0 or more.
    /// Default 131,072: a lookup table of 65,536 entries of 16 bits. Longer ones become bulk data.</summary>
    public long MaxInlineBinaryLength { get; init; } = 131_072;

    /// <summary>Longest text in bytes, all values of the element together; 1,024 or more. Default 4 MiB: a long report; it is held in memory.
    /// Longer ones become bulk data.</summary>
    public int MaxTextLength { get; init; } = 4_194_304;

    /// <summary>Gives the BulkDataURI of a value that is too long, or of encapsulated pixel data. Without it, or where it gives
    /// <see langword="null"/>, the element is left out, and that is a finding.</summary>
    public Func<DicomJsonBulkData, string?>? BulkDataUri { get; init; }

    /// <summary>Is told of each finding, before the writer goes on.</summary>
    public Action<DicomJsonFinding>? OnFinding { get; init; }
}
