namespace Dicom.Migration.DicomWeb;

/// <summary>How the results of a query ended.</summary>
internal sealed class QueryEnd
{
    /// <summary>Behind the last result there was an empty page. Otherwise the offset was ignored, and the one page may have been cut.</summary>
    public bool IsProven { get; set; }
}
