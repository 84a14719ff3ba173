namespace Dicom.Migration;

/// <summary>What is known about an instance at the target.</summary>
public enum EvidenceLevel
{
    /// <summary>The target said success.</summary>
    L0 = 0,
    /// <summary>A query lists it.</summary>
    L1 = 1,
    /// <summary>Storage commitment was given (PS3.4 annex J).</summary>
    L2 = 2,
    /// <summary>Its metadata was read back and compared.</summary>
    L3 = 3,
    /// <summary>Its content was read back and its digest compared.</summary>
    L4 = 4,
}
