namespace Dicom.Migration.Engine;

/// <summary>Counts what the lanes do, and tells whoever watches.</summary>
internal sealed class RunTally(IProgress<MigrationProgress>? progress)
{
    private readonly Lock _gate = new();
    private MigrationProgress _sum;

    public void Add(MigrationProgress more)
    {
        lock (_gate)
        {
            _sum = new MigrationProgress(_sum.UnitsDone + more.UnitsDone, _sum.ObjectsStored + more.ObjectsStored,
                _sum.ObjectsVerified + more.ObjectsVerified, _sum.Exceptions + more.Exceptions, _sum.BytesStored + more.BytesStored);
            progress?.Report(_sum);
        }
    }
}
