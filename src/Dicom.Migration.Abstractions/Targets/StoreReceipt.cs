namespace Dicom.Migration;

/// <summary>Given for an instance whose body was consumed.</summary>
/// <param name="Acknowledged">Completes once the instance is durable or the peer has answered. Never fails and is never cancelled: a
/// failure is an outcome. Completes at the latest when the session is flushed or disposed.</param>
public sealed record StoreReceipt(Task<StoreOutcome> Acknowledged);
