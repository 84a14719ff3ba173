namespace Dicom.Migration;

/// <summary>What is known about an object at the target; each level says more than the one before.</summary>
public enum EvidenceLevel
{
    /// <summary>The target said success.</summary>
    L0 = 0,
    /// <summary>A query lists it.</summary>
    L1 = 1,
    /// <summary>Storage commitment.</summary>
    L2 = 2,
    /// <summary>Its metadata was read back.</summary>
    L3 = 3,
    /// <summary>Its content was read back.</summary>
    L4 = 4,
}
