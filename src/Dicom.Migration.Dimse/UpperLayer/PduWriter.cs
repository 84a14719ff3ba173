using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>Writes PDUs. What is written is ours, so a value that does not fit its field is misuse.</summary>
internal static class PduWriter
{
    public static void Write(IBufferWriter<byte> output, Pdu pdu)
    {
        switch (pdu)
        {
            case AssociateRequest request: WriteAssociate(output, PduType.AssociateRequest, request, WriteContexts(request)); break;
            case AssociateAccept accept: WriteAssociate(output, PduType.AssociateAccept, accept, WriteContexts(accept)); break;
            case AssociateReject reject: output.Write<byte>([3, 0, 0, 0, 0, 4, 0, reject.Result, reject.Source, reject.Reason]); break;
            case ReleaseRequest: output.Write<byte>([5, 0, 0, 0, 0, 4, 0, 0, 0, 0]); break;
            case ReleaseResponse: output.Write<byte>([6, 0, 0, 0, 0, 4, 0, 0, 0, 0]); break;
            case Abort abort: output.Write<byte>([7, 0, 0, 0, 0, 4, 0, 0, abort.Source, abort.Reason]); break;
            default: throw new ArgumentOutOfRangeException(nameof(pdu));
        }
    }

    /// <summary>Header of a P-DATA-TF with one value: 12 bytes (PS3.8 §9.3.5).</summary>
    public static void WriteDataHeader(Span<byte> twelve, byte contextId, bool isCommand, bool isLast, int fragmentLength)
    {
        twelve[0] = (byte)PduType.DataTransfer;
        twelve[1] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(twelve[2..], (uint)fragmentLength + 6);
        BinaryPrimitives.WriteUInt32BigEndian(twelve[6..], (uint)fragmentLength + 2);
        twelve[10] = contextId;
        twelve[11] = (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0));
    }

    private static void WriteAssociate(IBufferWriter<byte> output, PduType type, Associate pdu, ArrayBufferWriter<byte> contexts)
    {
        var body = new ArrayBufferWriter<byte>();
        UInt16(body, pdu.ProtocolVersion);
        UInt16(body, 0);
        Padded(body, pdu.CalledAeTitle, 16, nameof(pdu.CalledAeTitle));
        Padded(body, pdu.CallingAeTitle, 16, nameof(pdu.CallingAeTitle));
        Padded(body, pdu.Reserved, 32, nameof(pdu.Reserved));
        Item(body, 0x10, 0, Encoding.Latin1.GetBytes(pdu.ApplicationContext));
        body.Write(contexts.WrittenSpan);
        var user = new ArrayBufferWriter<byte>();
        foreach (var item in pdu.UserItems) WriteUserItem(user, item);
        Item(body, 0x50, 0, user.WrittenSpan);
        Span<byte> header = [(byte)type, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(header[2..], (uint)body.WrittenCount);
        output.Write(header);
        output.Write(body.WrittenSpan);
    }

    private static ArrayBufferWriter<byte> WriteContexts(AssociateRequest request)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var context in request.Contexts)
        {
            var item = new ArrayBufferWriter<byte>();
            item.Write<byte>([context.Id, 0, context.Reserved, 0]);
            Item(item, 0x30, 0, Encoding.Latin1.GetBytes(context.AbstractSyntax));
            foreach (var syntax in context.TransferSyntaxes) Item(item, 0x40, 0, Encoding.Latin1.GetBytes(syntax));
            Item(output, 0x20, 0, item.WrittenSpan);
        }

        return output;
    }

    private static ArrayBufferWriter<byte> WriteContexts(AssociateAccept accept)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var context in accept.Contexts)
        {
            var item = new ArrayBufferWriter<byte>();
            item.Write<byte>([context.Id, 0, context.Result, 0]);
            if (context.TransferSyntax is { } syntax) Item(item, 0x40, 0, Encoding.Latin1.GetBytes(syntax));
            Item(output, 0x21, 0, item.WrittenSpan);
        }

        return output;
    }

    private static void WriteUserItem(ArrayBufferWriter<byte> output, UserItem userItem)
    {
        var body = new ArrayBufferWriter<byte>();
        var (type, second) = ((byte)0, (byte)0);
        switch (userItem)
        {
            case MaximumLength item: type = 0x51; UInt16(body, (ushort)(item.Length >> 16)); UInt16(body, (ushort)item.Length); break;
            case ImplementationClassUid item: type = 0x52; body.Write(Encoding.Latin1.GetBytes(item.Uid)); break;
            case AsynchronousOperationsWindow item: type = 0x53; UInt16(body, item.Invoked); UInt16(body, item.Performed); break;
            case RoleSelection item: type = 0x54; Counted(body, Encoding.Latin1.GetBytes(item.SopClassUid)); body.Write<byte>([item.ScuRole, item.ScpRole]); break;
            case ImplementationVersionName item: type = 0x55; body.Write(Encoding.Latin1.GetBytes(item.Name)); break;
            case ExtendedNegotiationItem item: type = 0x56; Counted(body, Encoding.Latin1.GetBytes(item.SopClassUid)); body.Write(item.Information.Span); break;
            case CommonExtendedNegotiationItem item:
                (type, second) = (0x57, item.Version);
                Counted(body, Encoding.Latin1.GetBytes(item.SopClassUid));
                Counted(body, Encoding.Latin1.GetBytes(item.ServiceClassUid));
                var related = new ArrayBufferWriter<byte>();
                foreach (var uid in item.RelatedSopClassUids) Counted(related, Encoding.Latin1.GetBytes(uid));
                Counted(body, related.WrittenSpan);
                break;
            case UserIdentityItem item: type = 0x58; body.Write<byte>([item.Kind, item.ResponseRequested]); Counted(body, item.Primary.Span); Counted(body, item.Secondary.Span); break;
            case UserIdentityResponse item: type = 0x59; Counted(body, item.Response.Span); break;
            case UnknownUserItem item: type = item.Type; body.Write(item.Bytes.Span); break;
        }

        Item(output, type, second, body.WrittenSpan);
    }

    private static void Item(ArrayBufferWriter<byte> output, byte type, byte second, ReadOnlySpan<byte> body)
    {
        output.Write<byte>([type, second]);
        Counted(output, body);
    }

    private static void Counted(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> body)
    {
        if (body.Length > ushort.MaxValue) throw new ArgumentException("An item is longer than 65,535 bytes.", nameof(body));
        UInt16(output, (ushort)body.Length);
        output.Write(body);
    }

    private static void UInt16(ArrayBufferWriter<byte> output, ushort value) => output.Write<byte>([(byte)(value >> 8), (byte)value]);

    private static void Padded(ArrayBufferWriter<byte> output, string text, int length, string name)
    {
        if (text.Length > length) throw new ArgumentException($"{name} is longer than {length} characters.", nameof(text));
        output.Write(Encoding.Latin1.GetBytes(text.PadRight(length)));
    }
}
