namespace Dicom.Migration.Dimse;

/// <summary>Services whose statuses differ in meaning (PS3.7 Annex C; PS3.4 Annexes B, C, J).</summary>
public enum DimseService
{
    /// <summary>C-ECHO.</summary>
    Echo,
    /// <summary>C-STORE.</summary>
    Store,
    /// <summary>C-FIND.</summary>
    Find,
    /// <summary>C-GET.</summary>
    Get,
    /// <summary>C-MOVE.</summary>
    Move,
    /// <summary>Any DIMSE-N service.</summary>
    Normalized,
}

/// <summary>What a status asks of whoever sent the request.</summary>
public enum DimseConsequence
{
    /// <summary>Done, as far as the peer says.</summary>
    Done,
    /// <summary>More responses follow.</summary>
    Continue,
    /// <summary>Done, but not as asked: what the peer holds has to be looked at.</summary>
    LookAtIt,
    /// <summary>Ended before its end: by our C-CANCEL, or because the peer truncates. Ask for less at a time.</summary>
    Truncated,
    /// <summary>The same request may succeed later, a bounded number of times.</summary>
    Retry,
    /// <summary>The peer is out of resources: leave it alone for a while, then try again, a bounded number of times.</summary>
    PausePeer,
    /// <summary>The same request will fail again: an exception, with this status.</summary>
    Exception,
}

/// <summary>The statuses that PS3.4 and PS3.7 define, and what to do about each.</summary>
public static class DimseStatusMeaning
{
    private readonly record struct Row(int First, int Last, DimseConsequence Consequence, params DimseService[] Services);

    // The first row that fits. A row without services is for all of them.
    private static readonly Row[] Table =
    [
        new(0x0000, 0x0000, DimseConsequence.Done),
        new(0xFF00, 0xFF01, DimseConsequence.Continue, DimseService.Find, DimseService.Get, DimseService.Move),
        new(0xFE00, 0xFE00, DimseConsequence.Truncated),
        new(0x0001, 0x0001, DimseConsequence.LookAtIt), // requested optional attributes are not supported (PS3.4 §F)
        new(0x0107, 0x0107, DimseConsequence.LookAtIt), // attribute list warning (PS3.7 §C.4.2)
        new(0x0116, 0x0116, DimseConsequence.LookAtIt), // attribute value out of range (PS3.7 §C.4.3)
        new(0xB000, 0xBFFF, DimseConsequence.LookAtIt), // B000 coercion, B006 elements discarded, B007 does not match SOP class; sub-operations failed
        new(0x0110, 0x0110, DimseConsequence.Retry), // processing failure
        new(0x0210, 0x0210, DimseConsequence.Retry), // duplicate invocation: our message ID is in use; another association has another
        new(0x0213, 0x0213, DimseConsequence.PausePeer), // resource limitation
        new(0xA700, 0xA7FF, DimseConsequence.PausePeer), // out of resources (PS3.4 §B.2.3, §C.4). Orthanc: of bad data, too, hence bounded
        new(0xA801, 0xA801, DimseConsequence.Exception, DimseService.Move), // move destination unknown
        new(0xA900, 0xA9FF, DimseConsequence.Exception), // data set or identifier does not match SOP class
        new(0xC000, 0xCFFF, DimseConsequence.Exception, DimseService.Store), // cannot understand
        new(0xC000, 0xCFFF, DimseConsequence.Retry, DimseService.Find, DimseService.Get, DimseService.Move), // unable to process. Orthanc: of any failure
        new(0x0105, 0x0106, DimseConsequence.Exception), // no such attribute, invalid attribute value
        new(0x0111, 0x0115, DimseConsequence.Exception), // duplicate or no such instance, event type, argument, or invalid argument
        new(0x0117, 0x0124, DimseConsequence.Exception), // invalid instance, no such class, class-instance conflict, missing, not supported, not authorized
        new(0x0211, 0x0212, DimseConsequence.Exception), // unrecognized operation, mistyped argument
    ];

    /// <summary>What to do about a status. One that the standard does not define is an exception: it is not known to be transient.</summary>
    /// <param name="status">The status.</param> <param name="service">The service it answers.</param>
    public static DimseConsequence Of(DimseStatus status, DimseService service)
    {
        foreach (var row in Table)
            if (status.Code >= row.First && status.Code <= row.Last && (row.Services.Length == 0 || row.Services.Contains(service))) return row.Consequence;
        return DimseConsequence.Exception;
    }

    /// <summary>The fault of a status; <see cref="FaultCode.None"/> if it is done or goes on.</summary>
    /// <param name="status">The status.</param> <param name="service">The service it answers.</param>
    public static FaultCode FaultOf(DimseStatus status, DimseService service) => Of(status, service) switch
    {
        DimseConsequence.Done or DimseConsequence.Continue => FaultCode.None,
        DimseConsequence.LookAtIt => service is DimseService.Store ? FaultCode.StoredWithWarning : FaultCode.NotDelivered,
        DimseConsequence.Truncated => FaultCode.QueryTooLarge,
        DimseConsequence.Retry or DimseConsequence.PausePeer => FaultCode.PeerBusy,
        _ => FaultCode.Refused,
    };
}
