using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse.Messages;

/// <summary>Command Field (0000,0100) (PS3.7 Annex E). A response has bit 15 set.</summary>
internal static class CommandField
{
    public const ushort StoreRequest = 0x0001, EchoRequest = 0x0030, CancelRequest = 0x0FFF, Response = 0x8000;
}

/// <summary>A command set: elements of group 0000 in Implicit VR Little Endian (PS3.7 §6.3.1).</summary>
internal sealed class CommandSet
{
    /// <summary>Longest command set accepted, in bytes: the longest that PS3.7 §9.3 and §10.3 define is far below.</summary>
    public const int MaxLength = 65_536;
    public const ushort NoDataSet = 0x0101; // PS3.7 §9.3: any other value says that one follows

    public const ushort AffectedSopClassUid = 0x0002, Field = 0x0100, MessageId = 0x0110, MessageIdBeingRespondedTo = 0x0120,
        Priority = 0x0700, DataSetType = 0x0800, Status = 0x0900, AffectedSopInstanceUid = 0x1000, MoveOriginatorAeTitle = 0x1030, MoveOriginatorMessageId = 0x1031;

    private readonly SortedDictionary<ushort, byte[]> _elements = [];

    /// <summary>Reads a whole command set.</summary>
    /// <exception cref="AssociationException">It is malformed, or lacks its field or data set type.</exception>
    public static CommandSet Parse(ReadOnlySpan<byte> bytes)
    {
        var set = new CommandSet();
        var rest = bytes;
        while (!rest.IsEmpty)
        {
            var offset = bytes.Length - rest.Length;
            if (rest.Length < 8) throw Violation(null, offset, "A command set ends inside an element header.");
            var element = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            var tag = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(rest), element);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (tag.Group != 0) throw Violation(tag, offset, "A command set holds an element of another group.");
            if (length > rest.Length - 8) throw Violation(tag, offset, "A command element is longer than what is left.");
            if (element != 0 && !set._elements.TryAdd(element, rest.Slice(8, (int)length).ToArray())) throw Violation(tag, offset, "A command element is given twice.");
            rest = rest[(8 + (int)length)..];
        }

        _ = (set.UInt16(Field), set.UInt16(DataSetType));
        return set;
    }

    public bool HasDataSet => UInt16(DataSetType) != NoDataSet;

    public ushort UInt16(ushort element) => OptionalUInt16(element) ?? throw Violation(new DicomTag(0, element), null, "A command element is missing.");

    public ushort? OptionalUInt16(ushort element) => !_elements.TryGetValue(element, out var value) || value.Length == 0 ? null
        : value.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(value) : throw Violation(new DicomTag(0, element), null, "A command element is not two bytes long.");

    /// <summary>Text without its padding; empty if the element is missing.</summary>
    public string Text(ushort element) => _elements.TryGetValue(element, out var value) ? Encoding.Latin1.GetString(value).TrimEnd('\0', ' ') : "";

    public CommandSet With(ushort element, ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _elements[element] = bytes;
        return this;
    }

    public CommandSet WithUid(ushort element, string uid)
    {
        var bytes = new byte[(uid.Length + 1) & ~1]; // PS3.5 §6.2: padded with one NUL to an even length
        Encoding.Latin1.GetBytes(uid, bytes);
        _elements[element] = bytes;
        return this;
    }

    public CommandSet WithAeTitle(ushort element, string title)
    {
        _elements[element] = Encoding.Latin1.GetBytes(title.PadRight((title.Length + 1) & ~1));
        return this;
    }

    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>();
        Span<byte> group = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(group, _elements.Sum(e => 8 + e.Value.Length));
        Write(output, 0, group);
        foreach (var (element, value) in _elements) Write(output, element, value);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> output, ushort element, ReadOnlySpan<byte> value)
    {
        var header = output.GetSpan(8);
        BinaryPrimitives.WriteUInt16LittleEndian(header, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], element);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], value.Length);
        output.Advance(8);
        output.Write(value);
    }

    private static AssociationException Violation(DicomTag? tag, long? offset, string detail) => new(new Fault(FaultCode.ProtocolViolation, tag, offset), detail);
}
