using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Dicom.Migration.Testing.Tests;

/// <summary>The plainest reader that will do: follows headers and lengths of one data set, with a stack of its own. For tests; it trusts no emitter and knows none.</summary>
internal sealed class Walker
{
    public sealed record Element(uint Tag, string Vr, int Depth, int Offset, uint Length, byte[] Value);

    private sealed record Level(bool IsItem, bool IsFragments, int End, bool Explicit, bool BigEndian);

    public const uint Undefined = 0xFFFFFFFF;
    public List<Element> Elements { get; } = [];
    /// <summary>Deepest sequence; 0 where there is none.</summary>
    public int MaxDepth { get; private set; }
    /// <summary>Headers of items of undefined length.</summary>
    public int UndefinedItems { get; private set; }
    public int DefinedItems { get; private set; }

    public string Text(uint tag) => Encoding.Latin1.GetString(Elements.First(e => e.Tag == tag && e.Depth == 0).Value).TrimEnd('\0', ' ');
    public Element? Find(uint tag) => Elements.FirstOrDefault(e => e.Tag == tag && e.Depth == 0);

    /// <summary>Walks a Part 10 file by what its file meta information says.</summary>
    public static (Walker Meta, Walker DataSet, int DataSetOffset) File(ReadOnlyMemory<byte> file)
    {
        var bytes = file.ToArray();
        if (bytes.Length < 132 || !bytes.AsSpan(128, 4).SequenceEqual("DICM"u8)) throw new InvalidDataException("No prefix.");
        var rest = checked((int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(132 + 8)));
        var start = 132 + 12 + rest;
        var meta = Walk(bytes[132..start], true, false);
        var syntax = meta.Text(0x00020010);
        var body = bytes[start..];
        if (syntax is "1.2.840.10008.1.2.1.99") body = Inflate(body);
        return (meta, Walk(body, syntax is not "1.2.840.10008.1.2", syntax is "1.2.840.10008.1.2.2"), start);
    }

    public static byte[] Inflate(byte[] body)
    {
        using var inflated = new MemoryStream();
        using (var stream = new DeflateStream(new MemoryStream(body), CompressionMode.Decompress)) stream.CopyTo(inflated);
        return inflated.ToArray();
    }

    public static Walker Walk(byte[] bytes, bool isExplicit, bool isBigEndian)
    {
        var walker = new Walker();
        var levels = new Stack<Level>();
        levels.Push(new Level(true, false, bytes.Length, isExplicit, isBigEndian));
        for (var at = 0; ;)
        {
            var level = levels.Peek();
            if (at == level.End)
            {
                if (levels.Count == 1) return walker;
                levels.Pop();
                continue;
            }
            if (level.End >= 0 && at > level.End) throw new InvalidDataException($"Past the end of the enclosing length at {at}.");
            var start = at;
            var tag = ((uint)Short(at, level) << 16) | Short(at + 2, level);
            if (tag is 0xFFFEE00D or 0xFFFEE0DD)
            {
                if (level.End >= 0 || level.IsItem != (tag == 0xFFFEE00D) || Long(at + 4, level) != 0) throw new InvalidDataException($"Misplaced delimiter at {at}.");
                levels.Pop();
                at += 8;
                continue;
            }
            if ((tag == 0xFFFEE000) == level.IsItem) throw new InvalidDataException($"Misplaced item or element at {at}.");
            if (tag == 0xFFFEE000)
            {
                var itemLength = Long(at + 4, level);
                at += 8;
                if (level.IsFragments)
                {
                    walker.Add(tag, "", levels.Count - 1, start, itemLength, bytes[at..(at + checked((int)itemLength))]);
                    at += (int)itemLength;
                    continue;
                }
                if (itemLength == Undefined) walker.UndefinedItems++; else walker.DefinedItems++;
                levels.Push(level with { IsItem = true, End = End(at, itemLength) });
                continue;
            }
            var vr = "";
            uint length;
            if (level.Explicit)
            {
                vr = Encoding.Latin1.GetString(bytes, at + 4, 2);
                if (!vr.All(char.IsAsciiLetterUpper)) throw new InvalidDataException($"VR at {at}.");
                var isLong = "OB OD OF OL OV OW SQ SV UC UN UR UT UV".Split(' ').Contains(vr);
                length = isLong ? Long(at + 8, level) : Short(at + 6, level);
                at += isLong ? 12 : 8;
            }
            else
            {
                length = Long(at + 4, level);
                at += 8;
            }
            // Without a dictionary, an implicit sequence of defined length is known by the item that it begins with.
            var isSequence = vr is "SQ" || (vr is not ("OB" or "OW") && length == Undefined)
                || (!level.Explicit && length >= 8 && length != Undefined && Short(at, level) == 0xFFFE && Short(at + 2, level) == 0xE000);
            var isFragments = length == Undefined && vr is ("OB" or "OW");
            var depth = levels.Count(l => !l.IsItem);
            if (isSequence || isFragments)
            {
                walker.Add(tag, vr, depth, start, length, []);
                walker.MaxDepth = Math.Max(walker.MaxDepth, isFragments ? 0 : depth + 1);
                var inside = vr is "UN" ? new Level(false, false, End(at, length), false, false) : level with { IsItem = false, IsFragments = isFragments, End = End(at, length) };
                levels.Push(inside);
                continue;
            }
            if (length % 2 != 0) throw new InvalidDataException($"Odd length at {start}.");
            walker.Add(tag, vr, depth, start, length, bytes[at..checked(at + (int)length)]);
            at += (int)length;
        }

        int End(int from, uint length) => length == Undefined ? -1 : checked(from + (int)length);
        ushort Short(int at, Level level) => level.BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at)) : BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
        uint Long(int at, Level level) => level.BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at)) : BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
    }

    private void Add(uint tag, string vr, int depth, int offset, uint length, byte[] value) => Elements.Add(new Element(tag, vr, depth, offset, length, value));
}
