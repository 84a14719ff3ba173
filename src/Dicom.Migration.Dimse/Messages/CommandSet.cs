using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse.Messages;

/// <summary>A command set: elements of group 0000 in Implicit VR Little Endian (PS3.7 §6.3.1).</summary>
internal sealed class CommandSet
{
    /// <summary>Longest command set accepted, in bytes: the longest that PS3.7 §9.3 and §10.3 define is far below.</summary>
    public const int MaxLength = 65_536;
    /// <summary>Most elements accepted: PS3.7 Annex E defines 30, and some 40 that are retired.</summary>
    public const int MaxElements = 128;
    public const ushort NoDataSet = 0x0101; // PS3.7 §9.3: any other value says that one follows

    public const ushort AffectedSopClassUid = 0x0002, RequestedSopClassUid = 0x0003, Field = 0x0100, MessageId = 0x0110, MessageIdBeingRespondedTo = 0x0120,
        MoveDestination = 0x0600, Priority = 0x0700, DataSetType = 0x0800, Status = 0x0900, AffectedSopInstanceUid = 0x1000, RequestedSopInstanceUid = 0x1001,
        EventTypeId = 0x1002, AttributeIdentifierList = 0x1005, ActionTypeId = 0x1008, Remaining = 0x1020, Completed = 0x1021, Failed = 0x1022, Warning = 0x1023,
        MoveOriginatorAeTitle = 0x1030, MoveOriginatorMessageId = 0x1031;

    private const int ElementHeader = 8;
    private readonly List<(ushort Element, ReadOnlyMemory<byte> Value)> _elements = new(12); // in ascending order

    /// <summary>Reads a whole command set.</summary>
    /// <exception cref="AssociationException">It is malformed, or lacks its field or data set type.</exception>
    public static CommandSet Parse(ReadOnlySpan<byte> bytes)
    {
        var set = new CommandSet();
        ReadOnlyMemory<byte> rest = bytes.ToArray();
        while (!rest.IsEmpty)
        {
            var offset = bytes.Length - rest.Length;
            if (rest.Length < ElementHeader) throw Violation(null, offset, "A command set ends inside an element header.");
            var header = rest.Span;
            var tag = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header[2..]));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (tag.Group != 0) throw Violation(tag, offset, "A command set holds an element of another group.");
            if (length > rest.Length - ElementHeader) throw Violation(tag, offset, "A command element is longer than what is left.");
            if (set._elements.Count == MaxElements) throw Violation(tag, offset, "A command set has more than 128 elements.");
            if (tag.Element != 0 && set.Find(tag.Element) is not null) throw Violation(tag, offset, "A command element is given twice.");
            if (tag.Element != 0) set.Set(tag.Element, rest.Slice(ElementHeader, (int)length)); // group length: made anew when written
            rest = rest[(ElementHeader + (int)length)..];
        }

        _ = (set.UInt16(Field), set.UInt16(DataSetType));
        return set;
    }

    public bool HasDataSet => UInt16(DataSetType) != NoDataSet;

    public ushort UInt16(ushort element) => OptionalUInt16(element) ?? throw Violation(new DicomTag(0, element), null, "A command element is missing.");

    public ushort? OptionalUInt16(ushort element) => Find(element) is not { Length: > 0 } value ? null
        : value.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(value.Span) : throw Violation(new DicomTag(0, element), null, "A command element is not two bytes long.");

    /// <summary>Text without its padding; empty if the element is missing.</summary>
    public string Text(ushort element) => Find(element) is { } value ? Encoding.Latin1.GetString(value.Span).TrimEnd('\0', ' ') : "";

    /// <summary>A UID without its padding; empty if the element is missing or empty.</summary>
    /// <exception cref="DimseFailureException">It is malformed: 0117.</exception>
    public string Uid(ushort element)
    {
        var text = Text(element);
        return text.Length == 0 || DicomUid.IsValid(text) ? text : throw new DimseFailureException(DimseStatus.InvalidInstance);
    }

    /// <summary>Tags of a value of VR AT.</summary>
    public IReadOnlyList<DicomTag> Tags(ushort element)
    {
        if (Find(element) is not { } value) return [];
        if (value.Length % 4 != 0) throw Violation(new DicomTag(0, element), null, "A list of tags is no multiple of four bytes long.");
        var tags = new DicomTag[value.Length / 4];
        for (var i = 0; i < tags.Length; i++)
            tags[i] = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(value.Span[(4 * i)..]), BinaryPrimitives.ReadUInt16LittleEndian(value.Span[(4 * i + 2)..]));
        return tags;
    }

    public CommandSet With(ushort element, ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return Set(element, bytes);
    }

    public CommandSet WithUid(ushort element, string uid)
    {
        var bytes = new byte[(uid.Length + 1) & ~1]; // PS3.5 §6.2: padded with one NUL to an even length
        Encoding.Latin1.GetBytes(uid, bytes);
        return Set(element, bytes);
    }

    public CommandSet WithAeTitle(ushort element, string title) => Set(element, Encoding.Latin1.GetBytes(title.PadRight((title.Length + 1) & ~1)));

    public CommandSet WithTags(ushort element, IReadOnlyList<DicomTag> tags)
    {
        var bytes = new byte[4 * tags.Count];
        for (var i = 0; i < tags.Count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4 * i), tags[i].Group);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4 * i + 2), tags[i].Element);
        }

        return Set(element, bytes);
    }

    public byte[] Encode()
    {
        var length = 0;
        foreach (var (_, value) in _elements) length += ElementHeader + value.Length;
        var output = new byte[ElementHeader + 4 + length];
        BinaryPrimitives.WriteInt32LittleEndian(output.AsSpan(4), 4); // (0000,0000): group length
        BinaryPrimitives.WriteInt32LittleEndian(output.AsSpan(ElementHeader), length);
        var rest = output.AsSpan(ElementHeader + 4);
        foreach (var (element, value) in _elements)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], element);
            BinaryPrimitives.WriteInt32LittleEndian(rest[4..], value.Length);
            value.Span.CopyTo(rest[ElementHeader..]);
            rest = rest[(ElementHeader + value.Length)..];
        }

        return output;
    }

    private ReadOnlyMemory<byte>? Find(ushort element)
    {
        foreach (var (candidate, value) in _elements)
            if (candidate == element) return value;
        return null;
    }

    private CommandSet Set(ushort element, ReadOnlyMemory<byte> value)
    {
        var at = _elements.Count;
        while (at > 0 && _elements[at - 1].Element >= element) at--;
        if (at < _elements.Count && _elements[at].Element == element) _elements[at] = (element, value);
        else _elements.Insert(at, (element, value));
        return this;
    }

    private static AssociationException Violation(DicomTag? tag, long? offset, string detail) => new(new Fault(FaultCode.ProtocolViolation, tag, offset), detail);
}
