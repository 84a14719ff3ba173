namespace Dicom.Migration.Evidence;

/// <summary>How an object at the target stands to what was sent.</summary>
public enum DifferenceClass
{
    /// <summary>The encoded data sets are the same, byte for byte.</summary>
    Equal,
    /// <summary>The same content in the same transfer syntax, written in another way: lengths, padding, group lengths.</summary>
    EncodingOnly,
    /// <summary>The same content in another transfer syntax.</summary>
    TransferSyntaxOnly,
    /// <summary>Other content, and each element that differs has its former value on record in Original Attributes Sequence (0400,0561).</summary>
    PlannedChange,
    /// <summary>Only attributes differ that are the target's own to set. Counts as a difference.</summary>
    ChangedByTarget,
    /// <summary>Other content, and nothing explains it. Counts as a difference.</summary>
    Unexplained,
    /// <summary>The target does not hold it. Counts as a difference.</summary>
    Missing,
    /// <summary>The target holds it and cannot deliver it, or delivers what is no whole data set. Counts as a difference.</summary>
    Unreadable,
    /// <summary>The target holds several objects under its UID, and the ledger does not say which one it is: not proven. Counts as a difference.</summary>
    NotLocated,
}
