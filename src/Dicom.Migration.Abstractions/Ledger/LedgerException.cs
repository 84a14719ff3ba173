namespace Dicom.Migration;

/// <summary>The ledger refuses or fails: a lost lease, a full disk, another migration's file.</summary>
/// <param name="fault">What went wrong, for code.</param>
/// <param name="detail">What went wrong, for people; holds no value of a data set.</param>
/// <param name="inner">The cause, if another exception is.</param>
public sealed class LedgerException(Fault fault, string? detail = null, Exception? inner = null) : MigrationException(fault, detail, inner);
