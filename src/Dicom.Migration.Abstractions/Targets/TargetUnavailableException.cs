namespace Dicom.Migration;

/// <summary>A target cannot be used as a whole.</summary>
/// <param name="fault">Why; whether to try again is <see cref="Fault.IsTransient"/>.</param>
/// <param name="detail">What to do about it, without values of data sets.</param>
/// <param name="inner">The cause, if another exception is.</param>
public sealed class TargetUnavailableException(Fault fault, string? detail = null, Exception? inner = null) : MigrationException(fault, detail, inner);
