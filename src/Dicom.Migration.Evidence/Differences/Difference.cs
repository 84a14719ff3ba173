using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>What differs between two objects: tags, never values.</summary>
/// <param name="Class">How they stand to each other.</param>
/// <param name="Tags">Elements on the top level that differ or are there on one side alone, in ascending order.</param>
/// <param name="HasMoreTags">More elements differ than are named.</param>
public sealed record Difference(DifferenceClass Class, IReadOnlyList<DicomTag> Tags, bool HasMoreTags = false)
{
    /// <summary>Whether the class is one that has to be looked at, rather than another writing of the same or a change on record.</summary>
    /// <param name="difference">The class.</param>
    public static bool Counts(DifferenceClass difference) => difference is not
        (DifferenceClass.Equal or DifferenceClass.EncodingOnly or DifferenceClass.TransferSyntaxOnly or DifferenceClass.PlannedChange);
}
