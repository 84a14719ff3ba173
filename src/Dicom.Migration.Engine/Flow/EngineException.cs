namespace Dicom.Migration.Engine;

/// <summary>The run as a whole cannot go on; what is done stays done, and the same command resumes it.</summary>
/// <param name="fault">What went wrong.</param>
/// <param name="detail">What, where, and what to do.</param>
/// <param name="inner">The cause.</param>
public sealed class EngineException(Fault fault, string? detail = null, Exception? inner = null) : MigrationException(fault, detail, inner);
