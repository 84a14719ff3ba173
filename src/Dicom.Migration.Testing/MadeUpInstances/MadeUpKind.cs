namespace Dicom.Migration.Testing;

/// <summary>What a made-up instance is an instance of.</summary>
public enum MadeUpKind
{
    /// <summary>CT Image, one slice of 16 bits.</summary>
    CtImage,
    /// <summary>MR Image, one slice of 16 bits.</summary>
    MrImage,
    /// <summary>Computed Radiography Image.</summary>
    CrImage,
    /// <summary>Ultrasound Multi-frame Image, 8 bits.</summary>
    UltrasoundMultiFrame,
    /// <summary>Enhanced MR Image, with shared and per-frame functional groups.</summary>
    EnhancedMrImage,
    /// <summary>Comprehensive SR, with nested content items.</summary>
    StructuredReport,
    /// <summary>Grayscale Softcopy Presentation State.</summary>
    PresentationState,
    /// <summary>Key Object Selection Document.</summary>
    KeyObjectSelection,
    /// <summary>Segmentation, 1 bit.</summary>
    Segmentation,
    /// <summary>RT Plan.</summary>
    RtPlan,
    /// <summary>RT Structure Set.</summary>
    RtStructureSet,
    /// <summary>12-lead ECG Waveform.</summary>
    Waveform,
    /// <summary>Encapsulated PDF.</summary>
    EncapsulatedPdf,
    /// <summary>Secondary Capture Image, in colour.</summary>
    SecondaryCapture,
}
