using System.Buffers;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>Reads the body of every PDU but P-DATA-TF, which <see cref="PresentationDataReader"/> reads in place.</summary>
internal static class PduParser
{
    public const int MaxContexts = 128; // PS3.8 §9.3.2.2: odd identifiers, 1 to 255
    public const int MaxTransferSyntaxes = 64;
    /// <summary>Items of all levels: those of 128 contexts with 64 transfer syntaxes each, and as many user items as there are SOP classes, four times.</summary>
    public const int MaxItems = MaxContexts * (MaxTransferSyntaxes + 2) + 1_024;

    /// <summary>Reads one PDU.</summary>
    /// <param name="frame">The PDU.</param> <param name="maxTransferSyntaxes">Most transfer syntaxes of one context.</param> <param name="maxItems">Most items of all levels.</param>
    /// <exception cref="AssociationException">It is malformed, or above a limit.</exception>
    public static Pdu Parse(PduFrame frame, int maxTransferSyntaxes = MaxTransferSyntaxes, int maxItems = MaxItems)
    {
        var budget = new Budget { Items = maxItems, TransferSyntaxes = maxTransferSyntaxes };
        // At most 1 MiB (Pdu.MaxAssociateLength): copied only if it lies in several segments.
        var bytes = frame.Body.IsSingleSegment ? frame.Body.FirstSpan : frame.Body.ToArray();
        var cursor = new ItemCursor(bytes, Pdu.HeaderLength);
        switch (frame.Type)
        {
            case PduType.AssociateRequest: return ParseRequest(ref cursor, ref budget);
            case PduType.AssociateAccept: return ParseAccept(ref cursor, ref budget);
            case PduType.AssociateReject:
                cursor.Byte();
                return new AssociateReject(cursor.Byte(), cursor.Byte(), cursor.Byte());
            case PduType.ReleaseRequest: return new ReleaseRequest();
            case PduType.ReleaseResponse: return new ReleaseResponse();
            case PduType.Abort:
                cursor.Take(2);
                return new Abort(cursor.Byte(), cursor.Byte());
            default: throw ItemCursor.Unexpected("P-DATA-TF stands where it may not.");
        }
    }

    /// <summary>What is left of the limits.</summary>
    private struct Budget
    {
        public int Items;
        public int TransferSyntaxes;
    }

    private readonly record struct Head(ushort Version, string Called, string Calling, string Reserved);

    private static Head ParseHead(ref ItemCursor cursor)
    {
        var version = cursor.UInt16();
        cursor.Take(2);
        return new Head(version, cursor.Text(16).TrimEnd(' '), cursor.Text(16).TrimEnd(' '), cursor.Text(32));
    }

    private static AssociateRequest ParseRequest(ref ItemCursor cursor, ref Budget budget)
    {
        var contexts = new List<ProposedContext>();
        var head = ParseItems(ref cursor, ref budget, 0x20, contexts, ParseProposed, out var application, out var user);
        return new AssociateRequest(head.Called, head.Calling, application, contexts, user) { ProtocolVersion = head.Version, Reserved = head.Reserved };
    }

    private static AssociateAccept ParseAccept(ref ItemCursor cursor, ref Budget budget)
    {
        var contexts = new List<ContextResult>();
        var head = ParseItems(ref cursor, ref budget, 0x21, contexts, ParseResult, out var application, out var user);
        return new AssociateAccept(head.Called, head.Calling, application, contexts, user) { ProtocolVersion = head.Version, Reserved = head.Reserved };
    }

    private delegate T ContextParser<out T>(ref ItemCursor item, byte id, ref Budget budget);

    /// <summary>The items that A-ASSOCIATE-RQ and -AC share, and their contexts, which differ. Items of other types are skipped (PS3.8 §9.3.1).</summary>
    private static Head ParseItems<T>(ref ItemCursor cursor, ref Budget budget, byte contextType, List<T> contexts, ContextParser<T> parseContext, out string application, out List<UserItem> user)
    {
        var head = ParseHead(ref cursor);
        Span<bool> seen = stackalloc bool[256];
        var (name, items) = ((string?)null, (List<UserItem>?)null);
        while (!cursor.IsAtEnd)
        {
            Spend(ref budget, cursor.Offset);
            var type = cursor.Item(out _, out var item);
            if (type == 0x10) name = Once(name, item.Offset) ?? item.Uid();
            else if (type == 0x50) items = Once(items, item.Offset) ?? ParseUserItems(ref item, ref budget);
            else if (type == contextType) contexts.Add(parseContext(ref item, ParseId(ref item, seen), ref budget));
        }

        if (name is null || items is null) throw ItemCursor.Violation(cursor.Offset, "Application context or user information is missing.");
        (application, user) = (name, items);
        return head;
    }

    private static byte ParseId(ref ItemCursor item, scoped Span<bool> seen)
    {
        var id = item.Byte();
        if ((id & 1) == 0 || seen[id]) throw ItemCursor.Violation(item.Offset - 1, "A presentation context identifier is even or given twice (PS3.8 §9.3.2.2).");
        seen[id] = true;
        return id;
    }

    private static ProposedContext ParseProposed(ref ItemCursor item, byte id, ref Budget budget)
    {
        var reserved = item.Take(3)[1];
        string? abstractSyntax = null;
        var transferSyntaxes = new List<string>();
        while (!item.IsAtEnd)
        {
            Spend(ref budget, item.Offset);
            var type = item.Item(out _, out var sub);
            if (type == 0x30) abstractSyntax = Once(abstractSyntax, sub.Offset) ?? sub.Uid();
            else if (type == 0x40)
            {
                if (transferSyntaxes.Count >= budget.TransferSyntaxes) throw new AssociationException(new Fault(FaultCode.MessageTooLong, Offset: sub.Offset), "A presentation context has more transfer syntaxes than it may.");
                transferSyntaxes.Add(sub.Uid());
            }
        }

        if (abstractSyntax is null || transferSyntaxes.Count == 0) throw ItemCursor.Violation(item.Offset, "A presentation context lacks its abstract or transfer syntax.");
        return new ProposedContext(id, abstractSyntax, transferSyntaxes) { Reserved = reserved };
    }

    private static ContextResult ParseResult(ref ItemCursor item, byte id, ref Budget budget)
    {
        item.Take(1);
        var result = item.Byte();
        item.Take(1);
        string? transferSyntax = null;
        while (!item.IsAtEnd)
        {
            Spend(ref budget, item.Offset);
            var type = item.Item(out _, out var sub);
            // Without meaning if the context is refused (PS3.8 Table 9-18): some peers then leave it empty.
            if (type == 0x40) transferSyntax = Once(transferSyntax, sub.Offset) ?? (sub.IsAtEnd && result != 0 ? "" : sub.Uid());
        }

        if (result == 0 && transferSyntax is null) throw ItemCursor.Violation(item.Offset, "An accepted presentation context lacks its transfer syntax.");
        return new ContextResult(id, result, transferSyntax);
    }

    private static List<UserItem> ParseUserItems(ref ItemCursor cursor, ref Budget budget)
    {
        var items = new List<UserItem>();
        while (!cursor.IsAtEnd)
        {
            Spend(ref budget, cursor.Offset);
            var type = cursor.Item(out var second, out var item);
            items.Add(ParseUserItem(type, second, ref item, ref budget));
            item.End();
        }

        return items;
    }

    private static UserItem ParseUserItem(byte type, byte second, ref ItemCursor item, ref Budget budget)
    {
        switch (type)
        {
            case 0x51: return new MaximumLength(item.UInt32());
            case 0x52: return new ImplementationClassUid(item.Uid());
            case 0x53: return new AsynchronousOperationsWindow(item.UInt16(), item.UInt16());
            case 0x54: return new RoleSelection(item.Uid(item.UInt16()), item.Byte(), item.Byte());
            case 0x55: return new ImplementationVersionName(item.Text(item.Remaining));
            case 0x56: return new ExtendedNegotiationItem(item.Uid(item.UInt16()), item.Take(item.Remaining).ToArray());
            case 0x57:
                var (sopClass, serviceClass) = (item.Uid(item.UInt16()), item.Uid(item.UInt16()));
                var end = item.UInt16();
                var related = new List<string>();
                if (end > item.Remaining) throw ItemCursor.Violation(item.Offset, "An item or field is longer than what is left.");
                for (var stop = item.Offset + end; item.Offset < stop;)
                {
                    Spend(ref budget, item.Offset);
                    related.Add(item.Uid(item.UInt16()));
                }

                return new CommonExtendedNegotiationItem(second, sopClass, serviceClass, related);
            case 0x58: return new UserIdentityItem(item.Byte(), item.Byte(), item.Take(item.UInt16()).ToArray(), item.Take(item.UInt16()).ToArray());
            case 0x59: return new UserIdentityResponse(item.Take(item.UInt16()).ToArray());
            default: return new UnknownUserItem(type, item.Take(item.Remaining).ToArray());
        }
    }

    private static void Spend(ref Budget budget, int offset)
    {
        if (--budget.Items < 0) throw new AssociationException(new Fault(FaultCode.MessageTooLong, Offset: offset), "The PDU has more items than it may.");
    }

    private static T? Once<T>(T? earlier, int offset) where T : class =>
        earlier is null ? null : throw ItemCursor.Violation(offset, "An item that may stand once is given twice.");
}
