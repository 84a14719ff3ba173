using System.Buffers.Binary;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A number that decides how what follows is read: a type, a flag, or a length.</summary>
/// <param name="Offset">Of its first byte.</param> <param name="Size">1, 2 or 4 bytes.</param> <param name="IsLittleEndian">In commands alone.</param>
/// <param name="From">A length counts from here.</param> <param name="To">A length counts to here; 0 for what is no length.</param>
internal readonly record struct WireField(int Offset, int Size, bool IsLittleEndian, int From, int To)
{
    public bool IsLength => To > 0;
    public bool Encloses(int place) => IsLength && place >= From && place <= To;

    public uint Read(ReadOnlySpan<byte> bytes) => (Size, IsLittleEndian) switch
    {
        (1, _) => bytes[Offset],
        (2, true) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[Offset..]),
        (2, false) => BinaryPrimitives.ReadUInt16BigEndian(bytes[Offset..]),
        (_, true) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[Offset..]),
        _ => BinaryPrimitives.ReadUInt32BigEndian(bytes[Offset..]),
    };

    public void Write(Span<byte> bytes, uint value)
    {
        if (Size == 1) bytes[Offset] = (byte)value;
        else if (Size == 2 && IsLittleEndian) BinaryPrimitives.WriteUInt16LittleEndian(bytes[Offset..], (ushort)value);
        else if (Size == 2) BinaryPrimitives.WriteUInt16BigEndian(bytes[Offset..], (ushort)value);
        else if (IsLittleEndian) BinaryPrimitives.WriteUInt32LittleEndian(bytes[Offset..], value);
        else BinaryPrimitives.WriteUInt32BigEndian(bytes[Offset..], value);
    }
}

/// <summary>Finds all such numbers of one direction of a conversation (PS3.8 §9.3, PS3.7 §6.3.1); it shares nothing with the reader under test.</summary>
internal sealed class ConversationFields
{
    private readonly byte[] _bytes;
    private readonly List<WireField> _fields = [];
    private readonly List<int> _starts = [];
    private readonly List<int> _turns = [];

    public ConversationFields(byte[] bytes)
    {
        _bytes = bytes;
        for (var at = 0; at + 6 <= bytes.Length;)
        {
            _starts.Add(at);
            Number(at, 1);
            var end = Length(at + 2, 4, at + 6);
            if (bytes[at] is 1 or 2) Items(at + 6 + 68, end);
            else if (bytes[at] is 4) Values(at + 6, end);
            else for (var place = at + 6; place < end; place++) Number(place, 1);
            if (bytes[at] is not 4) _turns.Add(end);
            at = end;
        }
    }

    public IReadOnlyList<WireField> All => _fields;
    /// <summary>Where each PDU begins.</summary>
    public IReadOnlyList<int> Starts => _starts;

    /// <summary>Where messages end: the other side speaks next.</summary>
    public IReadOnlyList<int> Turns => _turns;

    private void Number(int at, int size, bool isLittleEndian = false) => _fields.Add(new WireField(at, size, isLittleEndian, 0, 0));

    private int Length(int at, int size, int from, bool isLittleEndian = false)
    {
        var length = (int)new WireField(at, size, isLittleEndian, 0, 0).Read(_bytes);
        _fields.Add(new WireField(at, size, isLittleEndian, from, from + length));
        return from + length;
    }

    private void Items(int at, int end)
    {
        var open = new Stack<(int At, int End)>([(at, end)]);
        while (open.TryPop(out var run))
        {
            for (var item = run.At; item + 4 <= run.End;)
            {
                Number(item, 1);
                var stop = Length(item + 2, 2, item + 4);
                switch (_bytes[item])
                {
                    case 0x20 or 0x21:
                        Number(item + 4, 1);
                        Number(item + 6, 1);
                        open.Push((item + 8, stop));
                        break;
                    case 0x50: open.Push((item + 4, stop)); break;
                    case 0x54 or 0x56 or 0x57: Length(item + 4, 2, item + 6); break;
                    case 0x58:
                        Number(item + 4, 1);
                        Length(item + 6, 2, item + 8);
                        break;
                    case 0x51 or 0x53: for (var place = item + 4; place < stop; place += 2) Number(place, 2); break;
                }

                item = stop;
            }
        }
    }

    private void Values(int at, int end)
    {
        while (at + 6 <= end)
        {
            var (stop, isAlone) = (Length(at, 4, at + 4), false);
            var flags = at + 5;
            Number(at + 4, 1);
            Number(flags, 1);
            if ((_bytes[flags] & 1) != 0)
            {
                for (var element = at + 6; element + 8 <= stop;)
                {
                    Number(element + 2, 2, isLittleEndian: true);
                    var next = Length(element + 4, 4, element + 8, isLittleEndian: true);
                    if (next - element == 10) Number(element + 8, 2, isLittleEndian: true);
                    isAlone |= _bytes.AsSpan(element, 10).SequenceEqual<byte>([0, 0, 0, 8, 2, 0, 0, 0, 1, 1]); // (0000,0800): no data set follows
                    element = next;
                }
            }

            at = stop;
            if (_bytes[flags] is 2 || isAlone) _turns.Add(end);
        }
    }
}
