namespace Dicom.Migration.DataSets;

/// <summary>One step into a sequence.</summary>
/// <param name="Sequence">Tag of the sequence.</param>
/// <param name="Item">Item in it, counted from 0.</param>
public readonly record struct ItemStep(DicomTag Sequence, int Item);

/// <summary>What a patch does to its element.</summary>
public enum ElementPatchKind
{
    /// <summary>The element is there and gets another value.</summary>
    Replace,
    /// <summary>The element is not there and comes in at its place.</summary>
    Add,
    /// <summary>The element is there and goes.</summary>
    Remove,
}

/// <summary>A change of one element of a data set, on the top level or in an item.</summary>
public sealed class ElementPatch
{
    private ElementPatch(ElementPatchKind kind, DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value, IReadOnlyList<ItemStep>? path) =>
        (Kind, Tag, Vr, Value, Path) = (kind, tag, vr, value, path ?? []);

    /// <summary>What is done.</summary>
    public ElementPatchKind Kind { get; }
    /// <summary>Tag of the element.</summary>
    public DicomTag Tag { get; }
    /// <summary>VR that is written where the encoding has VRs; not used by <see cref="ElementPatchKind.Remove"/>.</summary>
    public DicomVr Vr { get; }
    /// <summary>The encoded value, in the byte order of the data set; an odd length is padded (PS3.5 §6.2). A sequence is its encoded items.</summary>
    public ReadOnlyMemory<byte> Value { get; }
    /// <summary>The way to the item that holds the element; empty on the top level.</summary>
    public IReadOnlyList<ItemStep> Path { get; }

    /// <summary>Gives an element that is there another value.</summary>
    /// <param name="tag">The element.</param> <param name="vr">Its VR.</param> <param name="value">Its encoded value.</param> <param name="path">The item it is in.</param>
    public static ElementPatch Replace(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value, IReadOnlyList<ItemStep>? path = null) => Checked(ElementPatchKind.Replace, tag, vr, value, path);

    /// <summary>Adds an element that is not there.</summary>
    /// <param name="tag">The element.</param> <param name="vr">Its VR.</param> <param name="value">Its encoded value.</param> <param name="path">The item it is in.</param>
    public static ElementPatch Add(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value, IReadOnlyList<ItemStep>? path = null) => Checked(ElementPatchKind.Add, tag, vr, value, path);

    /// <summary>Removes an element that is there.</summary>
    /// <param name="tag">The element.</param> <param name="path">The item it is in.</param>
    public static ElementPatch Remove(DicomTag tag, IReadOnlyList<ItemStep>? path = null) => new(ElementPatchKind.Remove, tag, default, default, path);

    private static ElementPatch Checked(ElementPatchKind kind, DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value, IReadOnlyList<ItemStep>? path)
    {
        if (!vr.IsWellFormed) throw new ArgumentException("The VR is not two capital letters.", nameof(vr));
        if (tag.Group is 0xFFFE or 0x0002) throw new ArgumentException("The tag is no element of a data set.", nameof(tag));
        return new ElementPatch(kind, tag, vr, value, path);
    }
}
