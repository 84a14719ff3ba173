using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>The transfer syntaxes in which objects are stored.</summary>
internal static class StorageSyntaxes
{
    private const string MediaDirectory = "1.2.840.10008.1.3.10"; // a DICOMDIR is of a medium

    /// <summary>Compressed ones first, as an archive that may choose should not decompress. Of the others Explicit VR Little Endian is first, and the retired Big Endian
    /// last: dcmqrscp 3.6.7 sends in the first context that it took, whatever its files are in. Retired ones too, where archives still hold them:
    /// what is not proposed comes decompressed, and the archive says nothing of it (Orthanc 1.10), or does not come.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", // JPEG
        "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", // JPEG-LS
        "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93", // JPEG 2000
        "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203", // High-Throughput JPEG 2000
        "1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205", // JPIP: the pixel data is elsewhere
        "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112", // JPEG XL
        "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.101", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103", "1.2.840.10008.1.2.4.104", "1.2.840.10008.1.2.4.105", "1.2.840.10008.1.2.4.106", // MPEG
        "1.2.840.10008.1.2.4.100.1", "1.2.840.10008.1.2.4.101.1", "1.2.840.10008.1.2.4.102.1", "1.2.840.10008.1.2.4.103.1", "1.2.840.10008.1.2.4.104.1", "1.2.840.10008.1.2.4.105.1", "1.2.840.10008.1.2.4.106.1",
        "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108", // HEVC
        "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.1.99", // RLE, deflated frames, encapsulated without compression, deflated
        "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2",
    ];

    /// <summary>Those of <see cref="All"/> that are common: proposed for each of <see cref="CommonClasses"/> on one association (PS3.8 §9.3.2.2: 128 contexts).</summary>
    public static IReadOnlyList<string> Common { get; } =
    [
        "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",
        "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.107",
        "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2",
    ];

    /// <summary>CT, MR, CR, DX, US and Secondary Capture: proposed where an archive does not say of which SOP class its objects are.</summary>
    public static IReadOnlyList<string> CommonClasses { get; } =
    [
        "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7",
    ];

    /// <summary>Every SOP class of the standard whose instances archives store, retired ones too; <see cref="CommonClasses"/> first.</summary>
    public static IReadOnlyList<string> AllClasses { get; } =
    [
        .. CommonClasses,
        .. UidRegistry.All.Where(static u => u.Type is "SOP Class" && u.Name.Contains("Storage", StringComparison.Ordinal) && !u.Name.Contains("Commitment", StringComparison.Ordinal) && u.Uid is not MediaDirectory)
            .Select(static u => u.Uid).Except(CommonClasses, StringComparer.Ordinal),
    ];

    /// <summary>Without compression: one can be made of another and nothing is lost.</summary>
    public static IReadOnlyList<TransferSyntax> Native { get; } =
        [TransferSyntax.ExplicitVrLittleEndian, TransferSyntax.ImplicitVrLittleEndian, TransferSyntax.DeflatedExplicitVrLittleEndian, TransferSyntax.ExplicitVrBigEndian];
}
