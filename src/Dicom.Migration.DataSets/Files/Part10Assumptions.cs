namespace Dicom.Migration.DataSets;

/// <summary>What a <see cref="Part10Prefix"/> had to assume because the file does not follow PS3.10 §7.1.</summary>
[Flags]
public enum Part10Assumptions
{
    /// <summary>Nothing: the file is as PS3.10 asks.</summary>
    None = 0,
    /// <summary>There is no preamble with "DICM".</summary>
    NoPreamble = 1,
    /// <summary>There is no file meta information.</summary>
    NoFileMeta = 2,
    /// <summary>(0002,0000) is missing; the meta ends before the first element of another group.</summary>
    NoMetaGroupLength = 4,
    /// <summary>(0002,0000) is wrong; the meta ends before the first element of another group.</summary>
    WrongMetaGroupLength = 8,
    /// <summary>The meta is in Implicit VR.</summary>
    ImplicitMeta = 16,
    /// <summary>The meta is Big Endian.</summary>
    BigEndianMeta = 32,
    /// <summary>No transfer syntax is named; it was told from the first elements.</summary>
    GuessedTransferSyntax = 64,
    /// <summary>The first element is in another encoding than the transfer syntax named; the encoding seen is used.</summary>
    ContradictedTransferSyntax = 128,
}
