namespace Dicom.Migration.Dimse;

/// <summary>Ends a request with a status: thrown by a handler, it is answered as it is.</summary>
public sealed class DimseFailureException : MigrationException
{
    /// <summary>Makes one.</summary>
    /// <param name="status">A failure or a warning.</param>
    public DimseFailureException(DimseStatus status) : base(new Fault(FaultCode.Refused), $"The request ends with status {status}.") => Status = status;

    /// <summary>What is answered.</summary>
    public DimseStatus Status { get; }
}
