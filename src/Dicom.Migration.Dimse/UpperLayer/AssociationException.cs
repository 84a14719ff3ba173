namespace Dicom.Migration.Dimse;

/// <summary>An association that could not be made, or ended other than by release.</summary>
public sealed class AssociationException : MigrationException
{
    /// <summary>Makes one.</summary>
    /// <param name="fault">What went wrong; its offset counts from the start of the PDU.</param>
    /// <param name="detail">Says what, in words of our own.</param>
    /// <param name="inner">The cause, if another exception is.</param>
    public AssociationException(Fault fault, string? detail = null, Exception? inner = null) : base(fault, detail, inner) { }

    /// <summary>What an A-ABORT of ours that is provoked by it gives as reason (PS3.8 Table 9-26): 1 unrecognized PDU, 2 unexpected PDU, 6 invalid PDU parameter value.</summary>
    internal byte AbortReason { get; init; } = 6;
}
