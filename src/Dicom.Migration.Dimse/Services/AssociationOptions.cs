using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse;

/// <summary>Limits and times of an association, for either side.</summary>
public record AssociationOptions
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(49); // what a timer of the framework takes

    /// <summary>How the connection is protected: <see cref="DimseTls"/>, or <see cref="DimseSecurity.Plaintext"/> by its name.</summary>
    public required DimseSecurity Security { get; init; }

    /// <summary>AE title of this side, by which it asks; 1 to 16 characters (PS3.5 §6.2, VR AE). Which called titles a listener takes is its handler's to say (<see cref="IDimseHandler.OnAssociateAsync"/>).</summary>
    public string AeTitle { get; init; } = "MIGRATION";

    /// <summary>Longest P-DATA-TF accepted, in bytes, without its 6-byte header (PS3.8 §D.1); 4,096 to 16,777,216. Default 262,144.</summary>
    public int MaxPduLength { get; init; } = 262_144;

    /// <summary>Most transfer syntaxes of one presentation context that a peer may name; 1 to 1,024. One more is <see cref="FaultCode.MessageTooLong"/>. Default 64.</summary>
    public int MaxTransferSyntaxes { get; init; } = PduParser.MaxTransferSyntaxes;

    /// <summary>Most items, of all levels, of a request for an association or an answer to one; 1,024 to 262,144. One more is <see cref="FaultCode.MessageTooLong"/>. Default 9,472: 128 contexts of 64 transfer syntaxes
    /// each, and as many user items as there are SOP classes, four times.</summary>
    public int MaxAssociateItems { get; init; } = PduParser.MaxItems;

    /// <summary>Most operations outstanding in either direction (PS3.7 §D.3.3.3); 1 to 64. Default 1: synchronous.</summary>
    public int OperationsWindow { get; init; } = 1;

    /// <summary>Longest data set of a C-STORE that is accepted, in bytes. Default 16 GiB.</summary>
    public long MaxDataSetLength { get; init; } = 1L << 34;

    /// <summary>Longest data set of any other request that is accepted, in bytes; 1,024 or more. Handlers hold it whole. Default 16 MiB: a storage commitment of 100,000 instances, or the image of a film.</summary>
    public int MaxRequestLength { get; init; } = 1 << 24;

    /// <summary>Longest data set of a response that is accepted, in bytes; 1,024 or more. It is held whole. Default 1 MiB.</summary>
    public int MaxResponseLength { get; init; } = 1 << 20;

    /// <summary>Most matches of one C-FIND; one more cancels it (<see cref="FaultCode.QueryTooLarge"/>). Default 1,000,000.</summary>
    public int MaxMatches { get; init; } = 1_000_000;

    /// <summary>Longest time that one C-FIND may take in all, pauses of the caller included; then it is cancelled. Default 10 minutes.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest wait for a connection, for an association's request or answer, and for the peer to close (ARTIM, PS3.8 §9.1.5). Default 30 s.</summary>
    public TimeSpan ArtimTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest silence before the association is aborted, and longest time for one PDU. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Least bytes per second of a data set that a peer sends, after the first <see cref="IdleTimeout"/> of it; 0 is no limit. Default 1,024.</summary>
    public int MinimumRate { get; init; } = 1_024;

    /// <summary>
    /// Whether a handler is called, and goes on when a part of a data set comes, on the thread that reads the association. It saves handing each part from
    /// thread to thread, and asks of the handler that it awaits and never blocks: what it waits for may be behind what it holds up. C-FIND, C-GET and C-MOVE run
    /// elsewhere all the same, as a C-CANCEL has to be read meanwhile. Default <see langword="false"/>.
    /// </summary>
    public bool RunsHandlerInline { get; init; }

    /// <summary>
    /// Whether whoever awaits the answer to a request that has one answer (C-STORE, C-ECHO, N-ACTION and the like) goes on, as soon as it is here, on the thread that
    /// reads the association. It saves handing each answer from thread to thread, and asks of the caller that it awaits and never blocks: nothing more is read as long
    /// as it goes on. Default <see langword="false"/>.
    /// </summary>
    public bool RunsCallerInline { get; init; }

    /// <summary>
    /// Whether an N-EVENT-REPORT is refused (0124) unless its sender has the SCP role: on an association that it asked for itself, by role selection (PS3.7 §D.3.3.4, PS3.4 §J.3).
    /// Default <see langword="false"/>: archives leave it out, and their report of a storage commitment would be lost; <see cref="NormalizedIndication.HasRole"/> tells.
    /// </summary>
    public bool RequiresEventReportRole { get; init; }

    /// <summary>
    /// Whether a C-STORE may name another SOP class than that of its presentation context, and than those which Common Extended Negotiation relates to it (PS3.7 §D.3.3.6). Archives do send such
    /// objects. Default <see langword="false"/>: refused (0122), or a handler that looks at contexts alone could be given what it does not take.
    /// </summary>
    public bool AcceptsOtherSopClasses { get; init; }

    /// <summary>Message ID of the first request: a listener tells the C-MOVEs of several associations apart by it (PS3.7 §9.1.1.1.9).</summary>
    internal ushort FirstMessageId { get; init; } = 1;

    /// <summary>Throws if a value is out of its range.</summary>
    internal virtual void Check()
    {
        if (Security is null) throw new InvalidOperationException($"{nameof(Security)} must be set.");
        if (!AeTitles.IsValid(AeTitle)) throw new InvalidOperationException($"{nameof(AeTitle)} must be 1 to 16 characters.");
        if (MaxPduLength is < 4_096 or > 16_777_216) throw new InvalidOperationException($"{nameof(MaxPduLength)} must be 4,096 to 16,777,216.");
        if (MaxTransferSyntaxes is < 1 or > 1_024) throw new InvalidOperationException($"{nameof(MaxTransferSyntaxes)} must be 1 to 1,024.");
        if (MaxAssociateItems is < 1_024 or > 262_144) throw new InvalidOperationException($"{nameof(MaxAssociateItems)} must be 1,024 to 262,144.");
        if (OperationsWindow is < 1 or > 64) throw new InvalidOperationException($"{nameof(OperationsWindow)} must be 1 to 64.");
        if (MaxDataSetLength <= 0) throw new InvalidOperationException($"{nameof(MaxDataSetLength)} must be above 0.");
        if (MaxRequestLength < 1_024) throw new InvalidOperationException($"{nameof(MaxRequestLength)} must be 1,024 or more.");
        if (MaxResponseLength < 1_024) throw new InvalidOperationException($"{nameof(MaxResponseLength)} must be 1,024 or more.");
        if (MaxMatches < 1) throw new InvalidOperationException($"{nameof(MaxMatches)} must be above 0.");
        if (MinimumRate < 0) throw new InvalidOperationException($"{nameof(MinimumRate)} must not be below 0.");
        if (new[] { ArtimTimeout, IdleTimeout, QueryTimeout }.Any(static t => t <= TimeSpan.Zero || t > LongestTimeout)) throw new InvalidOperationException("Timeouts must be above 0, and 49 days at most.");
    }
}
