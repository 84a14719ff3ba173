namespace Dicom.Migration.Testing;

/// <summary>SOP classes and modalities of the kinds (PS3.4 §B.5, PS3.3 §C.7.3.1.1.1).</summary>
internal static class MadeUpSopClasses
{
    public static (string Uid, string Modality, bool HasPixels) Of(MadeUpKind kind) => kind switch
    {
        MadeUpKind.CtImage => ("1.2.840.10008.5.1.4.1.1.2", "CT", true),
        MadeUpKind.MrImage => ("1.2.840.10008.5.1.4.1.1.4", "MR", true),
        MadeUpKind.CrImage => ("1.2.840.10008.5.1.4.1.1.1", "CR", true),
        MadeUpKind.UltrasoundMultiFrame => ("1.2.840.10008.5.1.4.1.1.3.1", "US", true),
        MadeUpKind.EnhancedMrImage => ("1.2.840.10008.5.1.4.1.1.4.1", "MR", true),
        MadeUpKind.StructuredReport => ("1.2.840.10008.5.1.4.1.1.88.33", "SR", false),
        MadeUpKind.PresentationState => ("1.2.840.10008.5.1.4.1.1.11.1", "PR", false),
        MadeUpKind.KeyObjectSelection => ("1.2.840.10008.5.1.4.1.1.88.59", "KO", false),
        MadeUpKind.Segmentation => ("1.2.840.10008.5.1.4.1.1.66.4", "SEG", true),
        MadeUpKind.RtPlan => ("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN", false),
        MadeUpKind.RtStructureSet => ("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT", false),
        MadeUpKind.Waveform => ("1.2.840.10008.5.1.4.1.1.9.1.1", "ECG", false),
        MadeUpKind.EncapsulatedPdf => ("1.2.840.10008.5.1.4.1.1.104.1", "DOC", false),
        MadeUpKind.SecondaryCapture => ("1.2.840.10008.5.1.4.1.1.7", "OT", true),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of made-up instance."),
    };
}
