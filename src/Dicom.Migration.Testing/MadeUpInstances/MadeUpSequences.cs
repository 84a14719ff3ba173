namespace Dicom.Migration.Testing;

/// <summary>How the ends of sequences and items are marked (PS3.5 §7.5).</summary>
public enum MadeUpSequences
{
    /// <summary>By their lengths.</summary>
    Defined,
    /// <summary>By delimitation items.</summary>
    Undefined,
    /// <summary>Sequences by delimitation items, items by their lengths.</summary>
    DefinedItems,
}
