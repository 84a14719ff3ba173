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

    /// <summary>Of a command that has nothing to resume: a peer that does not let it in is as good as not there.</summary>
    public static int OfProbe(FaultCode code) => code switch
    {
        FaultCode.PeerClosedEarly or FaultCode.PeerBusy or FaultCode.PeerTimeout or FaultCode.ProtocolViolation or FaultCode.AssociationRejected or FaultCode.TlsRefused or FaultCode.MessageTooLong => Unreachable,
        _ => Of(code),
    };

    public static int Of(FaultCode code) => code switch
    {
        FaultCode.InvalidConfiguration or FaultCode.LedgerOfAnotherMigration or FaultCode.LedgerTooNew => WrongUsage,
        FaultCode.PathNotFound or FaultCode.AccessDenied or FaultCode.ReadFailed or FaultCode.WriteFailed or FaultCode.DiskFull
            or FaultCode.PeerUnreachable or FaultCode.LedgerUnusable or FaultCode.LeaseLost => Unreachable,
        _ => NotClosed,
    };
}
