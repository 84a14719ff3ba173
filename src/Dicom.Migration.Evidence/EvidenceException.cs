namespace Dicom.Migration.Evidence;

/// <summary>Evidence cannot be gathered or written as a whole.</summary>
/// <param name="fault">What went wrong.</param>
/// <param name="detail">What, where, and what to do; no value of a data set.</param>
/// <param name="inner">The cause.</param>
public sealed class EvidenceException(Fault fault, string? detail = null, Exception? inner = null) : MigrationException(fault, detail, inner);
