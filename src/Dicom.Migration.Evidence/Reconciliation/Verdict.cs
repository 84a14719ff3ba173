namespace Dicom.Migration.Evidence;

/// <summary>What an account comes to.</summary>
public enum Verdict
{
    /// <summary>Every object is Verified, Excluded by a rule or Superseded.</summary>
    Closed,
    /// <summary>Every object is accounted for, and some are exceptions.</summary>
    ClosedWithExceptions,
    /// <summary>Something is not accounted for yet.</summary>
    NotClosed,
}
