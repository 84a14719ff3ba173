namespace Dicom.Migration.DataSets;

/// <summary>What about an element is not in its DICOM JSON as it was in the data set, or the other way round.</summary>
public enum DicomJsonFindingKind
{
    /// <summary>Left out: a value longer than the limit, or encapsulated pixel data, for which there is no bulk data URI.</summary>
    BulkDataLeftOut = 1,
    /// <summary>Left out: its tag is there already in the same data set or item, and JSON has room for one.</summary>
    RepeatedElementLeftOut = 2,
    /// <summary>Stands after an element with a higher tag, and so it does in the JSON (PS3.18 §F.2.2 asks for ascending order).</summary>
    OutOfOrder = 3,
    /// <summary>A VR that PS3.5 §6.2 does not list; its bytes are written as UN.</summary>
    UnknownVr = 4,
    /// <summary>A UN of undefined length, which is a sequence (PS3.5 §6.2.2); written as SQ.</summary>
    UnknownIsSequence = 5,
    /// <summary>The length is not a multiple of the VR's; binary numbers are written as UN with all their bytes, other values as they are.</summary>
    MalformedLength = 6,
    /// <summary>Bytes that are no characters of the set in force; each is written as U+FFFD.</summary>
    MalformedText = 7,
    /// <summary>Text that had to be read in another character set than the one declared, or a declaration that is wrong.</summary>
    AssumedCharacterSet = 8,
    /// <summary>An IS or DS that is no number of its VR; written as a string, or as the number that it is.</summary>
    MalformedNumber = 9,
    /// <summary>An FL or FD that is not finite; written as the string "NaN", "Infinity" or "-Infinity", as JSON has no such numbers.</summary>
    NotFinite = 10,
    /// <summary>A PN of more than three groups; what follows the second delimiter is in Phonetic.</summary>
    MalformedPersonName = 11,
    /// <summary>Left out when read: a group length, or file meta information (group 0002), which are not of the data set.</summary>
    NotOfDataSet = 12,
    /// <summary>An IS of more than 12 or a DS of more than 16 characters in JSON: kept digit by digit, too long for its VR.</summary>
    LongNumber = 13,
}

/// <summary>A finding about one element; like a fault it says where, never what.</summary>
/// <param name="Kind">What.</param>
/// <param name="Tag">The element.</param>
/// <param name="Offset">Offset of its header in bytes.</param>
public readonly record struct DicomJsonFinding(DicomJsonFindingKind Kind, DicomTag Tag, long Offset);
