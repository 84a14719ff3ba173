namespace Dicom.Migration;

/// <summary>Input that is not DICOM, or not as PS3.5 and PS3.10 ask.</summary>
/// <param name="fault">What is wrong and where.</param>
/// <param name="inner">The cause, if another exception is.</param>
public sealed class DicomFormatException(Fault fault, Exception? inner = null) : MigrationException(fault, null, inner);
