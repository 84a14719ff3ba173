namespace Dicom.Migration.Engine;

/// <summary>What a run tells while it goes on; counts only.</summary>
/// <param name="UnitsDone">Units completed in this run.</param>
/// <param name="ObjectsStored">Objects acknowledged by the target in this run.</param>
/// <param name="ObjectsVerified">Objects verified in this run.</param>
/// <param name="Exceptions">Objects excepted in this run.</param>
/// <param name="BytesStored">Bytes of data sets acknowledged in this run.</param>
public readonly record struct MigrationProgress(long UnitsDone, long ObjectsStored, long ObjectsVerified, long Exceptions, long BytesStored);
