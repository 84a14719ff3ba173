using Dicom.Migration;
using Dicom.Migration.Evidence;

namespace ConsoleHost;

/// <summary>What scripts decide by.</summary>
internal static class ExitStatus
{
    public const int Closed = 0;
    public const int ClosedWithExceptions = 1;
    public const int WrongUsage = 2;
    public const int NotClosed = 3;
    public const int Unreachable = 4;

    public static int Of(LedgerAccount account) => !account.IsClosed ? NotClosed : account.Count(InstanceState.Excepted) > 0 ? ClosedWithExceptions : Closed;

    public static int Of(Verdict verdict) => verdict switch { Verdict.Closed => Closed, Verdict.ClosedWithExceptions => ClosedWithExceptions, _ => NotClosed };

    public static int Of(FaultCode code) => code switch
    {
        FaultCode.InvalidConfiguration or FaultCode.LedgerOfAnotherMigration or FaultCode.LedgerTooNew => WrongUsage,
        FaultCode.PathNotFound or FaultCode.AccessDenied or FaultCode.ReadFailed or FaultCode.WriteFailed or FaultCode.DiskFull
            or FaultCode.PeerUnreachable or FaultCode.LedgerUnusable or FaultCode.LeaseLost => Unreachable,
        _ => NotClosed,
    };
}
