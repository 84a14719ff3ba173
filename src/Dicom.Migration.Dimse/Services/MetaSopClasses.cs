namespace Dicom.Migration.Dimse.Services;

/// <summary>SOP classes that have no presentation context of their own: that of a Meta SOP Class is for them all, and requests name the SOP class itself (PS3.4 §H.3.2).</summary>
internal static class MetaSopClasses
{
    private const string Grayscale = "1.2.840.10008.5.1.1.9", Color = "1.2.840.10008.5.1.1.18";

    // PS3.4 §H.3.2.2, both mandatory lists; all other Meta SOP Classes of PS3.6 are retired.
    private static readonly string[] Both = ["1.2.840.10008.5.1.1.1", "1.2.840.10008.5.1.1.2", "1.2.840.10008.5.1.1.16"]; // film session, film box, printer
    private const string GrayscaleImageBox = "1.2.840.10008.5.1.1.4", ColorImageBox = "1.2.840.10008.5.1.1.4.1";

    /// <summary>Whether a context of one is for requests of the other.</summary>
    public static bool Contains(string metaSopClassUid, string sopClassUid) => metaSopClassUid switch
    {
        Grayscale => sopClassUid is GrayscaleImageBox || Both.Contains(sopClassUid, StringComparer.Ordinal),
        Color => sopClassUid is ColorImageBox || Both.Contains(sopClassUid, StringComparer.Ordinal),
        _ => false,
    };
}
