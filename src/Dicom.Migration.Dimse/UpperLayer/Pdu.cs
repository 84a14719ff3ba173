using System.Buffers;
using System.Buffers.Binary;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>First byte of a PDU (PS3.8 §9.3.1).</summary>
internal enum PduType : byte
{
    AssociateRequest = 1, AssociateAccept = 2, AssociateReject = 3, DataTransfer = 4, ReleaseRequest = 5, ReleaseResponse = 6, Abort = 7,
}

/// <summary>A PDU as it lies in the stream: its type, and its body without the 6-byte header.</summary>
/// <param name="Type">Its type.</param> <param name="Body">What is here of it.</param> <param name="Missing">Bytes that are not: the rest of the only fragment in it.</param>
internal readonly record struct PduFrame(PduType Type, ReadOnlySequence<byte> Body, int Missing = 0);

/// <summary>What all PDUs have in common (PS3.8 §9.3.1).</summary>
internal abstract record Pdu
{
    /// <summary>Type 1, reserved 1, length 4 (Big Endian, without these six).</summary>
    public const int HeaderLength = 6;

    /// <summary>Longest A-ASSOCIATE-RQ or -AC accepted, in bytes. 128 contexts of 64 syntaxes would be some 600 KB.</summary>
    public const int MaxAssociateLength = 1 << 20;

    private const int LongData = 32_768; // below it copying costs less than one more receive

    /// <summary>Length of the header of a P-DATA-TF and of that of its first value: length 4, context 1, control header 1 (PS3.8 §9.3.5.1, §E.2).</summary>
    public const int LongDataHeader = HeaderLength + 6;

    /// <summary>Takes one whole PDU off the front of what has arrived.</summary>
    /// <returns><see langword="false"/> if it is not all here; nothing is taken then.</returns>
    /// <exception cref="AssociationException">The first byte is no PDU type, or the length is above its limit: thrown before the body is here.</exception>
    public static bool TryTake(ref ReadOnlySequence<byte> buffer, int maxDataLength, out PduFrame frame)
    {
        frame = default;
        if (buffer.IsEmpty) return false;
        var type = (PduType)buffer.FirstSpan[0];
        if (type is < PduType.AssociateRequest or > PduType.Abort)
            throw new AssociationException(new Fault(FaultCode.ProtocolViolation, Offset: 0), "The first byte is no PDU type (PS3.8 §9.3.1).") { AbortReason = 1 };
        if (buffer.Length < HeaderLength) return false;
        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[2..]);
        var limit = type switch
        {
            PduType.AssociateRequest or PduType.AssociateAccept => MaxAssociateLength,
            PduType.DataTransfer => maxDataLength,
            _ => 4,
        };
        if (length > limit) throw new AssociationException(new Fault(FaultCode.MessageTooLong, Offset: 2), "The PDU is longer than its limit.");
        if (limit == 4 && length != 4) throw new AssociationException(new Fault(FaultCode.ProtocolViolation, Offset: 2), "A PDU of four bytes has another length.");
        if (buffer.Length - HeaderLength < length) return false;
        frame = new PduFrame(type, buffer.Slice(HeaderLength, length));
        buffer = buffer.Slice(frame.Body.End);
        return true;
    }

    /// <summary>How many bytes more are on their way, at least, where there are so many.</summary>
    /// <remarks>All PDUs but those that end an association are longer than a header with that of a value, which some peers send by itself: whoever is woken for it waits again at once.</remarks>
    public static int Expected(ReadOnlySpan<byte> here)
    {
        if (here.Length < LongDataHeader) return LongDataHeader + 1 - here.Length;
        var missing = HeaderLength + (long)BinaryPrimitives.ReadUInt32BigEndian(here[2..]) - here.Length;
        return missing is > 0 and < LongData ? (int)missing : 1;
    }

    /// <summary>Takes what is here of a long P-DATA-TF that is a fragment of a data set and nothing else. Its length was found to be within its limit by <see cref="TryTake"/>.</summary>
    /// <returns><see langword="false"/> if it is another one, or too little of it is here to know; nothing is taken then.</returns>
    public static bool TryTakeBeginning(ref ReadOnlySequence<byte> buffer, out PduFrame frame)
    {
        frame = default;
        if (buffer.Length < LongDataHeader || buffer.FirstSpan[0] != (byte)PduType.DataTransfer) return false;
        Span<byte> header = stackalloc byte[LongDataHeader];
        buffer.Slice(0, LongDataHeader).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[2..]);
        if (length < LongData || BinaryPrimitives.ReadUInt32BigEndian(header[HeaderLength..]) != length - 4 || (header[^1] & 1) != 0) return false;
        var body = buffer.Slice(HeaderLength);
        frame = new PduFrame(PduType.DataTransfer, body, (int)(length - body.Length));
        buffer = buffer.Slice(buffer.End);
        return true;
    }
}

/// <summary>A-ASSOCIATE-RJ (PS3.8 §9.3.4).</summary>
internal sealed record AssociateReject(byte Result, byte Source, byte Reason) : Pdu;
/// <summary>A-RELEASE-RQ (PS3.8 §9.3.6).</summary>
internal sealed record ReleaseRequest : Pdu;
/// <summary>A-RELEASE-RP (PS3.8 §9.3.7).</summary>
internal sealed record ReleaseResponse : Pdu;
/// <summary>A-ABORT (PS3.8 §9.3.8). Source 0: service user; 2: service provider.</summary>
internal sealed record Abort(byte Source, byte Reason) : Pdu;

/// <summary>A-ASSOCIATE-RQ or -AC, which differ in their presentation contexts (PS3.8 §9.3.2, §9.3.3).</summary>
/// <param name="CalledAeTitle">Without trailing spaces.</param>
/// <param name="CallingAeTitle">Without trailing spaces.</param>
/// <param name="ApplicationContext">UID of the application context (PS3.7 §A.2.1).</param>
/// <param name="UserItems">In the order of the wire.</param>
internal abstract record Associate(string CalledAeTitle, string CallingAeTitle, string ApplicationContext, IReadOnlyList<UserItem> UserItems) : Pdu
{
    /// <summary>The DICOM application context (PS3.7 §A.2.1).</summary>
    public const string DicomApplicationContext = "1.2.840.10008.3.1.1.1";

    /// <summary>Bit 0 is version 1, the only one there is.</summary>
    public ushort ProtocolVersion { get; init; } = 1;
    /// <summary>32 reserved bytes, one per character; an acceptor sends back what it got (PS3.8 Table 9-17).</summary>
    public string Reserved { get; init; } = new('\0', 32);

    /// <summary>The first user item of a kind, if there is one.</summary>
    public T? Find<T>() where T : UserItem => UserItems.OfType<T>().FirstOrDefault();
}

/// <summary>A-ASSOCIATE-RQ (PS3.8 §9.3.2).</summary>
internal sealed record AssociateRequest(string CalledAeTitle, string CallingAeTitle, string ApplicationContext,
    IReadOnlyList<ProposedContext> Contexts, IReadOnlyList<UserItem> UserItems) : Associate(CalledAeTitle, CallingAeTitle, ApplicationContext, UserItems);

/// <summary>A-ASSOCIATE-AC (PS3.8 §9.3.3).</summary>
internal sealed record AssociateAccept(string CalledAeTitle, string CallingAeTitle, string ApplicationContext,
    IReadOnlyList<ContextResult> Contexts, IReadOnlyList<UserItem> UserItems) : Associate(CalledAeTitle, CallingAeTitle, ApplicationContext, UserItems);

/// <summary>A presentation context as proposed (PS3.8 §9.3.2.2).</summary>
internal sealed record ProposedContext(byte Id, string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes)
{
    /// <summary>The reserved byte that is the result in an A-ASSOCIATE-AC: not tested by a receiver. DCMTK 3.6 sends FFH, so it is kept.</summary>
    public byte Reserved { get; init; }
}

/// <summary>The answer to one proposed presentation context (PS3.8 §9.3.3.2).</summary>
/// <param name="Id">Odd, 1 to 255.</param>
/// <param name="Result">0 accepted, 1 user rejection, 2 no reason, 3 abstract syntax, 4 transfer syntaxes not supported.</param>
/// <param name="TransferSyntax">Null if the item is missing; may be empty; of no meaning unless accepted.</param>
internal sealed record ContextResult(byte Id, byte Result, string? TransferSyntax);
