namespace Dicom.Migration.Testing;

/// <summary>A sequence item: its elements, and whether its length is undefined (PS3.5 §7.5).</summary>
/// <param name="Elements">In ascending order of tags.</param>
/// <param name="IsUndefined">Closed by an Item Delimitation Item, not by its length.</param>
internal sealed record RawItem(IReadOnlyList<RawElement> Elements, bool IsUndefined);
