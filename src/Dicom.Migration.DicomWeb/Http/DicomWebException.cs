namespace Dicom.Migration.DicomWeb;

/// <summary>A DICOMweb peer failed, refused, or sent what the protocol does not allow.</summary>
/// <param name="fault">What went wrong; whether to try again is <see cref="Fault.IsTransient"/>.</param>
/// <param name="detail">What to do about it; nothing that the peer sent.</param>
/// <param name="inner">The cause, if another exception is.</param>
public sealed class DicomWebException(Fault fault, string? detail = null, Exception? inner = null) : MigrationException(fault, detail, inner)
{
    /// <summary>One without further detail.</summary>
    /// <param name="code">What went wrong.</param>
    /// <param name="detail">What to do about it; nothing that the peer sent.</param>
    /// <param name="inner">The cause, if another exception is.</param>
    internal DicomWebException(FaultCode code, string? detail = null, Exception? inner = null) : this(new Fault(code), detail, inner) { }
}
