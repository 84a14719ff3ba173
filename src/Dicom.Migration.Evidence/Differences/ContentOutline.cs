using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>One element by its tag and the digest of its canonical encoding.</summary>
internal readonly record struct ElementDigest(DicomTag Tag, LedgerDigest Digest);

/// <summary>What an object holds, without its values.</summary>
/// <param name="Bytes">D1.</param>
/// <param name="Content">D2, or <see langword="null"/> if the body is no whole data set.</param>
/// <param name="Elements">The elements on the top level, as they come.</param>
/// <param name="FormerValues">What Original Attributes Sequence says that elements were before they were changed.</param>
internal sealed record ContentOutline(LedgerDigest Bytes, LedgerDigest? Content, IReadOnlyList<ElementDigest> Elements, IReadOnlyList<ElementDigest> FormerValues);
