using Dicom.Migration.DataSets;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>What each peer is known not to take, and why. All else is verified at L4, left out by a rule, or at fault at the source.</summary>
internal static class KnownExceptions
{
    private static readonly Dictionary<string, CorpusEntry> Manifest =
        File.ReadLines(Path.Join(Endpoints.CorpusFolder, "MANIFEST.tsv")).Skip(1).Select(CorpusEntry.Parse).ToDictionary(static e => e.Path, StringComparer.Ordinal);

    // No Patient ID, or no Study or Series Instance UID.
    private static readonly string[] Unfiled =
    [
        "pydicom-data__JLSL_08_07_0_1F.dcm", "pydicom-data__JLSL_16_15_1_1F.dcm", "pydicom__JPEGLSNearLossless_16.dcm", "pydicom__SC_rgb_jls_lossy_line.dcm", "pydicom__SC_rgb_jls_lossy_sample.dcm", "ruby-dicom__encoding_utf8.dcm", "ruby-dicom__at_invalid.dcm", "fo-dicom__GH223.dcm",
    ];

    // A Study, Series or SOP Instance UID that is no UID (PS3.5 §9.1): an archive could not be asked for it afterwards, and it is not sent.
    private static readonly string[] NoUid = ["fo-dicom-samples__test1.dcm", "deid__cleaned.dcm", "weasis__jpeg2000-multiframe-multifragments.dcm"];

    // Its UIDs have VR UN: Orthanc does not find them, and says C000 or 400.
    private static readonly string[] UnknownVr = ["pydicom-data__explicit_VR-UN.dcm", "orthanc-tests__2022-03-08-RicSmi.dcm"];

    // Fault, then the ends of the names of the files that may end with it.
    private static readonly Dictionary<FaultCode, string[]> OrthancRefuses = new()
    {
        [FaultCode.MalformedUid] = NoUid,
        [FaultCode.Refused] = UnknownVr,
        // Orthanc says A700, out of resources, of what it cannot file.
        [FaultCode.PeerBusy] = Unfiled,
        // DCMTK, inside Orthanc 1.10, ends the association over a data set, deflated stream or fragment of odd length (PS3.5 §7.1); and over JPIP, which Orthanc has accepted before.
        [FaultCode.PeerClosedEarly] = ["highdicom__dx_image.dcm", "ct_small_odd_value_length.dcm", "cornerstone3D__CTImage_DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99.dcm", "dump2dcm__jpip_94.dcm"],
        // SOP classes that Orthanc 1.10 does not know: label map, colour palette, hanging protocol, private ones. Transfer syntaxes that it does not know:
        // deflated frames, encapsulated without compression, JPEG XL, High-Throughput JPEG 2000.
        [FaultCode.NotNegotiable] =
        [
            "dcmqi__sparse-labelmap-ppv5.dcm", "highdicom__seg_image_sm_control_labelmap.dcm", "pydicom__fall.dcm", "pydicom__pet.dcm", "pydicom__spring.dcm", "pydicom__summer.dcm",
            "dump2dcm__all_vr_deflated.dcm", "dump2dcm__all_vr_empty_values.dcm", "dump2dcm__all_vr_explicit_be.dcm", "dump2dcm__all_vr_explicit_le.dcm", "dump2dcm__all_vr_explicit_le_undefined_len_grouplen.dcm", "dump2dcm__all_vr_implicit_le.dcm",
            "fo-dicom__Issue1097_FailToOpenDeflatedFileWithSQ.dcm", "fo-dicom__genFile.dcm", "orthanc-tests__UnknownSopClassUid.dcm",
            "pydicom-data__liver_deflate.dcm", "dump2dcm__encapsulated_uncompressed_98.dcm", "dcm4che__will-jxl.dcm", "pydicom-data__HTJ2K_08_RGB.dcm",
        ],
        // Orthanc changes them: DCMTK drops elements of group 0002 that stand in items, and all of a text value that follows a NUL.
        [FaultCode.UnexplainedDifference] = ["orthanc-tests__PrivateTags.dcm", "fo-dicom__GH184.dcm"],
    };

    // Without a Study Instance UID, as without a UID that is one, no request could ask for an object afterwards.
    private static readonly Dictionary<FaultCode, string[]> StowRefuses = new()
    {
        [FaultCode.MalformedUid] = [.. NoUid, .. Unfiled, "pydicom__fall.dcm", "pydicom__pet.dcm", "pydicom__spring.dcm", "pydicom__summer.dcm", "pydicom-data__HTJ2K_08_RGB.dcm"],
        [FaultCode.Refused] = UnknownVr,
    };

    // Of these studies one object each does not come: dcmqrscp 3.6.7 proposes to a C-MOVE's destination the SOP classes of DCMTK's short list alone, and
    // encapsulated STL, microscopy annotations and the like are not among them. (By C-GET, in which we propose them, all come.)
    private static readonly HashSet<string> NotMoved = ["1.2.276.0.7230010.3.1.2.8323328.3871.1795487106.893714", "1.2.826.0.1.3680043.9.7433.3.82970457260936734119270346325882945", "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322", "4.5.6"];

    public static bool None(LedgerInstance instance) => false;

    public static bool OfOrthanc(LedgerInstance instance) => IsListed(instance, OrthancRefuses);

    public static bool OfStow(LedgerInstance instance) => IsListed(instance, StowRefuses);

    // Without a file of association rules it takes Implicit VR and Explicit VR, Little and Big Endian, and nothing else.
    public static bool OfDcmqrscp(LedgerInstance instance) => instance.Current.Fault is { Code: FaultCode.NotNegotiable } && TransferSyntax.FromUid(instance.Identity.TransferSyntaxUid!) is { IsEncapsulated: true } or { IsDeflated: true };

    public static bool OfMovesOfDcmqrscp(LedgerInstance instance) => instance.Current.Fault is { Code: FaultCode.NotDelivered } && NotMoved.Contains(instance.Identity.UnitKey);

    /// <summary>Fails with all instances that ended as nobody expected.</summary>
    public static void Check(Hop hop, Func<LedgerInstance, bool> isKnown)
    {
        var shared = hop.Instances.GroupBy(static i => i.Identity.SopInstanceUid, StringComparer.Ordinal).Where(static g => g.Count() > 1).Select(static g => g.Key).ToHashSet(StringComparer.Ordinal);
        var wrong = hop.Excepted.Where(i => !isKnown(i) && !IsOfSource(i) && !IsRival(i, shared)).Select(i => $"{hop.Name}: {i.Identity.UnitKey} {i.Identity.SopInstanceUid}: {i.Current.Fault}").CountBy(static text => text).Select(static c => $"{c.Value} of {c.Key}").ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static bool IsListed(LedgerInstance instance, Dictionary<FaultCode, string[]> known) =>
        known.TryGetValue(instance.Current.Fault!.Value.Code, out var files) && files.Any(f => instance.Identity.UnitKey.EndsWith(f, StringComparison.Ordinal));

    /// <summary>Damaged, or without what every instance has: the manifest knows it.</summary>
    private static bool IsOfSource(LedgerInstance instance) => instance.Current.Fault is { Code: >= FaultCode.NotDicom and <= FaultCode.DicomDirFileMissing or FaultCode.MalformedDicomDir } fault
        && Manifest.TryGetValue(instance.Identity.UnitKey, out var entry)
        && (fault.Code is FaultCode.DicomDirFileMissing ? entry.SopClassUid == "1.2.840.10008.1.3.10" : entry.Fits([new Outcome(instance.Current.State, fault.Code, instance.Current.Rule)]));

    /// <summary>The corpus has several contents under one UID; an archive that keeps one of them is sent one.</summary>
    private static bool IsRival(LedgerInstance instance, HashSet<string> shared) => instance.Current.Fault is { Code: FaultCode.UidConflict } && shared.Contains(instance.Identity.SopInstanceUid);
}
