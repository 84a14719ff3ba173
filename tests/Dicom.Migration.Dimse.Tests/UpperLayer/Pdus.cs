using System.Buffers;
using Dicom.Migration.Dimse.UpperLayer;
using FsCheck;
using FsCheck.Fluent;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>Made-up PDUs, and bytes in segments.</summary>
internal static class Pdus
{
    private static readonly Gen<string> Uid =
        from parts in Gen.ListOf(Gen.Choose(0, 99_999)).Where(l => l.Count is > 0 and < 10)
        select string.Join('.', parts);

    private static readonly Gen<string> AeTitle = Gen.Elements("A", "ARCHIVE", "SIXTEEN-CHARS-AE", "WITH SPACE", "  LEADING");
    private static readonly Gen<byte> Byte = Gen.Choose(0, 255).Select(i => (byte)i);
    private static readonly Gen<ushort> Word = Gen.Choose(0, 65_535).Select(i => (ushort)i);
    private static readonly Gen<byte[]> Bytes = Gen.ArrayOf(Byte);

    private static readonly Gen<UserItem> UserItem = Gen.OneOf(
        Word.SelectMany(h => Word.Select(l => (UserItem)new MaximumLength(((uint)h << 16) | l))),
        Uid.Select(u => (UserItem)new ImplementationClassUid(u)),
        Word.SelectMany(i => Word.Select(p => (UserItem)new AsynchronousOperationsWindow(i, p))),
        Uid.SelectMany(u => Byte.SelectMany(a => Byte.Select(b => (UserItem)new RoleSelection(u, a, b)))),
        AeTitle.Select(n => (UserItem)new ImplementationVersionName(n)),
        Uid.SelectMany(u => Bytes.Select(b => (UserItem)new ExtendedNegotiationItem(u, b))),
        Uid.SelectMany(u => Uid.SelectMany(s => Gen.ListOf(Uid).Select(r => (UserItem)new CommonExtendedNegotiationItem(0, u, s, r.ToList())))),
        Byte.SelectMany(k => Bytes.SelectMany(a => Bytes.Select(b => (UserItem)new UserIdentityItem(k, 1, a, b)))),
        Bytes.Select(b => (UserItem)new UserIdentityResponse(b)),
        Bytes.Select(b => (UserItem)new UnknownUserItem(0x5A, b)));

    private static readonly Gen<List<byte>> Ids = Gen.SubListOf(Enumerable.Range(0, 128).Select(i => (byte)(i * 2 + 1))).Select(l => l.Take(20).ToList());

    private static readonly Gen<Pdu> Request =
        from called in AeTitle
        from calling in AeTitle
        from ids in Ids
        from syntaxes in Gen.ListOf(Uid).Where(l => l.Count is > 0 and <= 20)
        from items in Gen.ListOf(UserItem)
        select (Pdu)new AssociateRequest(called, calling, Associate.DicomApplicationContext,
            ids.Select(id => new ProposedContext(id, syntaxes[id % syntaxes.Count], syntaxes.Take(1 + id % syntaxes.Count).ToList())).ToList(), items.ToList());

    private static readonly Gen<Pdu> Accept =
        from called in AeTitle
        from calling in AeTitle
        from ids in Ids
        from syntax in Uid
        from items in Gen.ListOf(UserItem)
        select (Pdu)new AssociateAccept(called, calling, Associate.DicomApplicationContext,
            ids.Select(id => new ContextResult(id, (byte)(id % 5), (id % 5, id % 3) switch { (0, _) => syntax, (_, 0) => null, (_, 1) => "", _ => syntax })).ToList(),
            items.ToList()) { Reserved = new string('\u00E9', 32) };

    public static Gen<Pdu> Any { get; } = Gen.OneOf(Request, Accept,
        Byte.SelectMany(a => Byte.SelectMany(b => Byte.Select(c => (Pdu)new AssociateReject(a, b, c)))),
        Byte.SelectMany(a => Byte.Select(b => (Pdu)new Abort(a, b))),
        Gen.Constant((Pdu)new ReleaseRequest()), Gen.Constant((Pdu)new ReleaseResponse()));

    public static Arbitrary<Pdu> Arbitrary() => Arb.From(Any);

    public static byte[] Encode(Pdu pdu)
    {
        var output = new ArrayBufferWriter<byte>();
        PduWriter.Write(output, pdu);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A P-DATA-TF with one value.</summary>
    public static byte[] Value(byte contextId, bool isCommand, bool isLast, byte[] content)
    {
        var pdu = new byte[12 + content.Length];
        PduWriter.WriteDataHeader(pdu, contextId, isCommand, isLast, content.Length);
        content.CopyTo(pdu, 12);
        return pdu;
    }

    /// <summary>The bytes as a sequence that is cut at the given places.</summary>
    public static ReadOnlySequence<byte> Cut(byte[] bytes, params int[] places)
    {
        var first = new Segment(bytes.AsMemory(0, places.Length == 0 ? bytes.Length : places[0]), 0);
        var last = first;
        for (var i = 0; i < places.Length; i++)
            last = last.Append(bytes.AsMemory(places[i]..(i + 1 < places.Length ? places[i + 1] : bytes.Length)));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
