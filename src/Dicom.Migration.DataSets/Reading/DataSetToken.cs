namespace Dicom.Migration.DataSets;

/// <summary>What a <see cref="DataSetReader"/> stands on.</summary>
public enum DataSetToken
{
    /// <summary>Nothing read yet.</summary>
    None,
    /// <summary>The header of an element that has a value of bytes.</summary>
    ElementStart,
    /// <summary>A piece of the value of the element or fragment before: the bytes just consumed.</summary>
    Value,
    /// <summary>The header of a sequence of items.</summary>
    SequenceStart,
    /// <summary>The header of an item of a sequence.</summary>
    ItemStart,
    /// <summary>The end of an item: its delimiter, or no bytes where the item has a length.</summary>
    ItemEnd,
    /// <summary>The end of a sequence: its delimiter, or no bytes where the sequence has a length.</summary>
    SequenceEnd,
    /// <summary>The header of encapsulated pixel data (PS3.5 §A.4).</summary>
    FragmentsStart,
    /// <summary>The header of a fragment; the first is the Basic Offset Table.</summary>
    Fragment,
    /// <summary>The delimiter of encapsulated pixel data.</summary>
    FragmentsEnd,
    /// <summary>The end of the data set.</summary>
    End,
}
