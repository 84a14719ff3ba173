namespace Dicom.Migration.Engine;

/// <summary>Counts what the stages do, and tells whoever watches.</summary>
internal sealed class RunTally(IProgress<MigrationProgress>? progress)
{
    private readonly Lock _gate = new();
    private MigrationProgress _sum;
    private long _unitsInThisRun;
    private long? _unitsBefore;

    /// <summary>What the ledger says of the units.</summary>
    public void Listed(LedgerAccount account) => Tell(sum =>
    {
        _unitsBefore ??= account.Units - account.UnitsPending - _unitsInThisRun;
        return sum with { UnitsListed = account.Units, IsListingComplete = account.IsDiscoveryComplete };
    });

    public void Complete(int units) => Tell(sum =>
    {
        _unitsInThisRun += units;
        return sum;
    });

    public void Stored(int objects, long bytes) => Tell(sum => sum with { ObjectsStored = sum.ObjectsStored + objects, BytesStored = sum.BytesStored + bytes });

    public void Verified(int objects) => Tell(sum => sum with { ObjectsVerified = sum.ObjectsVerified + objects });

    public void Excepted(int objects) => Tell(sum => sum with { Exceptions = sum.Exceptions + objects });

    private void Tell(Func<MigrationProgress, MigrationProgress> change)
    {
        lock (_gate)
        {
            _sum = change(_sum);
            _sum = _sum with { UnitsDone = (_unitsBefore ?? 0) + _unitsInThisRun };
            progress?.Report(_sum);
        }
    }
}
