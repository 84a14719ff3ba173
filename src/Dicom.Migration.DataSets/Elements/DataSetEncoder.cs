using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dicom.Migration.DataSets;

/// <summary>Writes a <see cref="DataSet"/> in a transfer syntax; in its own, an unchanged one comes out as the bytes it was read from.</summary>
internal sealed class DataSetEncoder
{
    private static readonly DicomTag PixelData = new(0x7FE0, 0x0010), LengthToEnd = new(0x0008, 0x0001);
    private readonly DataSet _root;
    private readonly TransferSyntax _target;
    private readonly bool _isOtherSyntax, _dropsLengths;
    private readonly List<uint?> _lengths = []; // of sequences and items in the order of their headers; null: undefined

    /// <exception cref="DicomFormatException">Not without decoding or compressing pixel data (<see cref="FaultCode.NotTranscodable"/>).</exception>
    internal DataSetEncoder(DataSet root, TransferSyntax target)
    {
        (_root, _target) = (root, target);
        _isOtherSyntax = root.TransferSyntax != target;
        // Headers change their length with the VR: lengths of groups would be wrong (retired, PS3.5 §7.2).
        _dropsLengths = root.TransferSyntax.IsExplicitVr != target.IsExplicitVr;
        if (_isOtherSyntax && !(IsNative(root.TransferSyntax) && IsNative(target)) && root.Find(PixelData) is not null)
            throw new DicomFormatException(new Fault(FaultCode.NotTranscodable, PixelData));
        Measure();
    }

    private static bool IsNative(TransferSyntax syntax) => syntax == TransferSyntax.ImplicitVrLittleEndian || syntax == TransferSyntax.ExplicitVrLittleEndian
        || syntax == TransferSyntax.DeflatedExplicitVrLittleEndian || syntax == TransferSyntax.ExplicitVrBigEndian;

    /// <summary>Defined lengths, from the inside out.</summary>
    private void Measure()
    {
        var sums = new Stack<(int Slot, long Sum, bool IsExplicit)>();
        sums.Push((-1, 0, _target.IsExplicitVr));
        var walk = new DataSetWalk(_root);
        while (walk.Next())
        {
            var (_, _, isExplicit) = sums.Peek();
            switch (walk.Step)
            {
                case DataSetStep.Element:
                    if (!IsDropped(walk.Element)) Add(sums, SizeOf(walk.Element, isExplicit));
                    break;
                case DataSetStep.SequenceStart:
                    sums.Push((_lengths.Count, 0, isExplicit && VrOf(walk.Element, isExplicit) != DicomVr.UN));
                    _lengths.Add(null);
                    break;
                case DataSetStep.ItemStart:
                    sums.Push((_lengths.Count, 0, isExplicit));
                    _lengths.Add(null);
                    break;
                case DataSetStep.ItemEnd:
                    Close(sums, walk.Item.HasUndefinedLength, 8);
                    break;
                case DataSetStep.SequenceEnd:
                    var outer = sums.ElementAt(1).IsExplicit;
                    var vr = VrOf(walk.Element, outer);
                    Close(sums, walk.Element.HasUndefinedLength || (outer && vr == DicomVr.UN), ElementHeader.Size(walk.Element.Tag, vr, outer));
                    break;
            }
        }
    }

    private static void Add(Stack<(int Slot, long Sum, bool IsExplicit)> sums, long size)
    {
        var top = sums.Pop();
        sums.Push(top with { Sum = top.Sum + size });
    }

    private void Close(Stack<(int Slot, long Sum, bool IsExplicit)> sums, bool isUndefined, int header)
    {
        var (slot, sum, _) = sums.Pop();
        isUndefined |= sum >= ElementHeader.Undefined;
        _lengths[slot] = isUndefined ? null : (uint)sum;
        Add(sums, header + sum + (isUndefined ? 8 : 0));
    }

    private static long SizeOf(DataElement element, bool isExplicit)
    {
        long size = ElementHeader.Size(element.Tag, VrOf(element, isExplicit), isExplicit) + element.Value.Length;
        if (!element.IsEncapsulated) return size;
        foreach (var fragment in element.Fragments) size += 8 + fragment.Length;
        return size + 8;
    }

    private bool IsDropped(DataElement element) => _dropsLengths && (element.Tag.IsGroupLength || element.Tag == LengthToEnd);

    /// <summary>The VR that is written.</summary>
    private static DicomVr VrOf(DataElement element, bool isExplicit)
    {
        if (!isExplicit) return element.Vr;
        if (element.IsSequence) return element.Vr == DicomVr.UN ? DicomVr.UN : DicomVr.SQ;
        // PS3.5 §6.2.2: what is not known, or too long for the length field of its VR, goes as UN.
        return !element.Vr.IsWellFormed || (!element.Vr.HasLongLength && element.Value.Length > ushort.MaxValue) ? DicomVr.UN : element.Vr;
    }

    internal void Write(IBufferWriter<byte> output)
    {
        var writer = new DataSetWriter(output, _target);
        var walk = new DataSetWalk(_root);
        var slot = 0;
        while (walk.Next())
        {
            switch (walk.Step)
            {
                case DataSetStep.Element when !IsDropped(walk.Element):
                    Write(writer, walk.Element);
                    break;
                case DataSetStep.SequenceStart:
                    writer.StartSequence(walk.Element.Tag, VrOf(walk.Element, writer.IsExplicitVr), _lengths[slot++], walk.Element.Reserved);
                    break;
                case DataSetStep.ItemStart:
                    writer.StartItem(_lengths[slot++]);
                    break;
                case DataSetStep.ItemEnd:
                    writer.EndItem(walk.Item.DelimiterLength);
                    break;
                case DataSetStep.SequenceEnd:
                    writer.EndSequence(walk.Element.DelimiterLength);
                    break;
            }
        }
    }

    private void Write(DataSetWriter writer, DataElement element)
    {
        var vr = VrOf(element, writer.IsExplicitVr);
        if (element.IsEncapsulated)
        {
            // In Implicit VR an undefined length is a sequence.
            if (_isOtherSyntax && !writer.IsExplicitVr) throw new DicomFormatException(new Fault(FaultCode.NotTranscodable, element.Tag));
            writer.StartFragments(element.Tag, vr, element.Reserved);
            foreach (var fragment in element.Fragments) writer.WriteFragment(fragment.Span);
            writer.EndFragments(element.DelimiterLength);
            return;
        }
        writer.StartElement(element.Tag, vr, (uint)element.Value.Length, element.Reserved);
        if (element.IsBigEndian == writer.IsBigEndian || vr.UnitLength == 1) writer.WriteValue(element.Value.Span);
        else WriteSwapped(writer, element.Value.Span, vr.UnitLength);
    }

    private static void WriteSwapped(DataSetWriter writer, ReadOnlySpan<byte> value, int unit)
    {
        Span<byte> swapped = stackalloc byte[1_024];
        while (!value.IsEmpty)
        {
            var piece = value[..Math.Min(value.Length, swapped.Length)];
            piece.CopyTo(swapped); // a last unit that is not whole stays as it is
            if (unit == 2) Swap<ushort>(piece, swapped, BinaryPrimitives.ReverseEndianness);
            else if (unit == 4) Swap<uint>(piece, swapped, BinaryPrimitives.ReverseEndianness);
            else Swap<ulong>(piece, swapped, BinaryPrimitives.ReverseEndianness);
            writer.WriteValue(swapped[..piece.Length]);
            value = value[piece.Length..];
        }
    }

    private delegate void Reverse<T>(ReadOnlySpan<T> from, Span<T> to);

    private static void Swap<T>(ReadOnlySpan<byte> from, Span<byte> to, Reverse<T> reverse) where T : unmanaged =>
        reverse(MemoryMarshal.Cast<byte, T>(from), MemoryMarshal.Cast<byte, T>(to));
}
