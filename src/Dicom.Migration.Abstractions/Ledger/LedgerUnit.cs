namespace Dicom.Migration;

/// <summary>What is claimed, retrieved and retried as one.</summary>
public enum LedgerUnitKind
{
    /// <summary>A study.</summary>
    Study = 0,
    /// <summary>A series.</summary>
    Series = 1,
    /// <summary>A file.</summary>
    File = 2,
}

/// <summary>A unit of the inventory.</summary>
/// <param name="Key">Names it at the source (a UID, a path); unique in the ledger, and compared by code point.</param>
/// <param name="Kind">What it is.</param>
/// <param name="ExpectedInstances">How many instances the source says it has, or <see langword="null"/> if the source does not say.</param>
public sealed record LedgerUnit(string Key, LedgerUnitKind Kind, int? ExpectedInstances = null)
{
    /// <summary>What the listing said of it: <see cref="SourceUnit.Stamp"/> and <see cref="SourceUnit.Instances"/> as one text; <see langword="null"/> if it said neither.</summary>
    public string? Stamp { get; init; }
}
