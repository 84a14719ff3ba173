namespace Dicom.Migration.DicomWeb;

/// <summary>What a probe found out about one service of an archive.</summary>
public enum DicomWebSupport
{
    /// <summary>Nothing: the archive does not say, or holds nothing to try it on.</summary>
    Unknown,
    /// <summary>The archive has it.</summary>
    Supported,
    /// <summary>The archive does not have it, or answers it in a way that cannot be used.</summary>
    NotSupported,
    /// <summary>The archive does not let us.</summary>
    Denied,
}
