using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>The limits of a comparison, and what a target may set by itself.</summary>
public sealed class DifferenceOptions
{
    /// <summary>Tags that are named; 0 or more. Default 64.</summary>
    public int MaxTags { get; init; } = 64;
    /// <summary>Elements on the top level of one object; 1 or more. Default 100,000: 40 bytes of memory each.</summary>
    public int MaxElements { get; init; } = 100_000;
    /// <summary>Longest data set that a deflated one may unpack to, in bytes. Default 16 GiB: it costs time, and no memory.</summary>
    public long MaxInflatedLength { get; init; } = 16L << 30;
    /// <summary>Attributes that say where the target keeps the object, and are the target's to set. Default: Retrieve AE Title (0008,0054),
    /// Instance Availability (0008,0056), Retrieve URL (0008,1190), Retrieve URI (0040,E010) (PS3.4 §C.4.1.1.3, PS3.3 §C.12.1).</summary>
    public IReadOnlyList<DicomTag> AttributesOfTheTarget { get; init; } = [new(0x00080054), new(0x00080056), new(0x00081190), new(0x0040E010)];
}
