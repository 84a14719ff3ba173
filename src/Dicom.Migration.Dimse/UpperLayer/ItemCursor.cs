using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>Reads fields one after the other; what is not there is a fault with its place.</summary>
/// <param name="bytes">What may be read.</param>
/// <param name="offset">Offset of the first byte from the start of the PDU.</param>
internal ref struct ItemCursor(ReadOnlySpan<byte> bytes, int offset)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public int Offset { get; private set; } = offset;
    public readonly bool IsAtEnd => _rest.IsEmpty;
    public readonly int Remaining => _rest.Length;

    public ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length) throw Violation(Offset, "An item or field is longer than what is left.");
        var taken = _rest[..length];
        _rest = _rest[length..];
        Offset += length;
        return taken;
    }

    public byte Byte() => Take(1)[0];
    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));
    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));
    public string Text(int length) => Encoding.Latin1.GetString(Take(length));

    /// <summary>An item: type 1, reserved 1 (a version in 57H), length 2.</summary>
    public byte Item(out byte second, out ItemCursor body)
    {
        var type = Byte();
        second = Byte();
        var length = UInt16();
        var start = Offset;
        body = new ItemCursor(Take(length), start);
        return type;
    }

    /// <summary>The rest as a UID. PS3.8 Annex F wants it without padding; peers in the field pad with NULs or spaces, which are dropped.</summary>
    public string Uid() => Uid(Remaining);

    public string Uid(int length)
    {
        var start = Offset;
        var field = Take(length).TrimEnd("\0 "u8);
        if (field.Length <= DicomUid.MaxLength)
        {
            var uid = Encoding.Latin1.GetString(field);
            if (DicomUid.IsValid(uid)) return uid;
        }

        throw new AssociationException(new Fault(FaultCode.MalformedUid, Offset: start), "A UID is malformed (PS3.8 Annex F).");
    }

    public readonly void End()
    {
        if (!IsAtEnd) throw Violation(Offset, "An item is longer than its fields.");
    }

    public static AssociationException Violation(int offset, string detail) => new(new Fault(FaultCode.ProtocolViolation, Offset: offset), detail);

    /// <summary>A PDU that may come, but not now.</summary>
    public static AssociationException Unexpected(string detail) => new(new Fault(FaultCode.ProtocolViolation, Offset: 0), detail) { AbortReason = 2 };
}
