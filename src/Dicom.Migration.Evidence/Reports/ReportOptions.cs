namespace Dicom.Migration.Evidence;

/// <summary>What a report shows. By default nothing that leads to a patient: no UID, no path, no address.</summary>
public sealed class ReportOptions
{
    /// <summary>Exceptions that HTML and JSON list one by one; 0 to 100,000. Default 1,000. The CSV has all of them.</summary>
    public int MaxExceptionsListed { get; init; } = 1_000;
    /// <summary>Whether study, series and SOP Instance UIDs are shown, and UIDs of classes that the standard does not register. They lead to a patient in any archive
    /// that holds the study. Default <see langword="false"/>: the object's number opens it with <c>explain</c>.</summary>
    public bool IncludeUids { get; init; }
    /// <summary>Whether source locators (paths, which often hold names) and the addresses of source and target are shown. Default <see langword="false"/>.</summary>
    public bool IncludeLocators { get; init; }
    /// <summary>What an audit of the target found, if there was one.</summary>
    public AuditTally? Audit { get; init; }
}
