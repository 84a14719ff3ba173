namespace Dicom.Migration.Evidence;

/// <summary>A report that was written, and what it says.</summary>
/// <param name="Html">For people: opens from disk, needs no network and no script.</param>
/// <param name="Csv">One line an object.</param>
/// <param name="Json">The account for programs.</param>
/// <param name="Reconciliation">What it says.</param>
public sealed record ReportFiles(string Html, string Csv, string Json, Reconciliation Reconciliation);
