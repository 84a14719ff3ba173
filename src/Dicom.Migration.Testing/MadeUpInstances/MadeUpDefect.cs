namespace Dicom.Migration.Testing;

/// <summary>What is wrong with a made-up instance. A defect that breaks the bytes at one place asks for an encoding: see <see cref="MadeUpInstances.CreateDamaged"/>.</summary>
public enum MadeUpDefect
{
    /// <summary>Nothing: it is well formed.</summary>
    None,
    /// <summary>Ends 3 bytes into an element header.</summary>
    TruncatedInHeader,
    /// <summary>Ends in the middle of a short value.</summary>
    TruncatedInValue,
    /// <summary>Ends in the middle of Pixel Data.</summary>
    TruncatedInPixelData,
    /// <summary>A length reaches far beyond the end of the file.</summary>
    LengthBeyondEnd,
    /// <summary>Fragments of pixel data that no Sequence Delimitation Item closes.</summary>
    MissingDelimiter,
    /// <summary>Sequences nested 100 deep: legal, and more than any object needs.</summary>
    NestedHundredDeep,
    /// <summary>No SOP Instance UID in the data set, nor in the file meta information.</summary>
    MissingSopInstanceUid,
    /// <summary>The SOP Instance UID has letters in it: readable, and to be moved like any other, at most with a note.</summary>
    MalformedUid,
    /// <summary>A VR that is not two capital letters.</summary>
    MalformedVr,
    /// <summary>The deflate stream has a block of reserved type.</summary>
    BrokenDeflate,
    /// <summary>A deflate stream of about 10 KB that inflates to 8 MiB.</summary>
    DeflateBomb,
    /// <summary>24 bytes of 00 after the last element, in Explicit VR.</summary>
    TrailingBytes,
    /// <summary>A file of 0 bytes.</summary>
    EmptyFile,
    /// <summary>Begins with the file meta information; no preamble, no prefix.</summary>
    NoPreamble,
    /// <summary>Begins with the data set: no preamble, no file meta information.</summary>
    NoFileMeta,
    /// <summary>The file meta information says Implicit VR and the data set is Explicit VR, or the other way round.</summary>
    WrongTransferSyntax,
}
