using System.Buffers;

namespace Dicom.Migration.DataSets;

/// <summary>Writes a data set element by element, forward only: the counterpart of <see cref="DataSetReader"/>.</summary>
/// <remarks>Values are written as they are given, in the byte order that <see cref="IsBigEndian"/> tells; nothing is padded or sorted.
/// What a sequence of VR UN holds is Implicit VR Little Endian (PS3.5 §6.2.2). A deflated data set is written plain, to be deflated
/// after it. Misuse throws <see cref="InvalidOperationException"/>. Not thread-safe.</remarks>
public sealed class DataSetWriter
{
    private enum LevelKind : byte { Sequence, Item, Fragments }

    private readonly record struct Level(LevelKind Kind, long End, bool OuterExplicit, bool OuterBigEndian);

    private readonly IBufferWriter<byte> _output;
    private readonly Stack<Level> _levels = [];
    private long _valueEnd = -1; // of a value that is still being written

    /// <summary>Makes a writer at the start of a data set.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="syntax">The encoding; of a deflated one, that of the bytes before they are deflated.</param>
    public DataSetWriter(IBufferWriter<byte> output, TransferSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(syntax);
        (_output, IsExplicitVr, IsBigEndian) = (output, syntax.IsExplicitVr, syntax.IsBigEndian);
    }

    /// <summary>Bytes written so far.</summary>
    public long Position { get; private set; }
    /// <summary>Sequences, items and fragment lists that are open.</summary>
    public int Depth => _levels.Count;
    /// <summary>Headers written here carry a VR.</summary>
    public bool IsExplicitVr { get; private set; }
    /// <summary>Tags, lengths and binary values written here are Big Endian.</summary>
    public bool IsBigEndian { get; private set; }

    /// <summary>Writes an element whole.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">Its VR; not written in Implicit VR.</param>
    /// <param name="value">Its value field, padded by the caller.</param>
    /// <exception cref="DicomFormatException">The value is longer than the length field holds (<see cref="FaultCode.NotTranscodable"/>).</exception>
    public void WriteElement(DicomTag tag, DicomVr vr, ReadOnlySpan<byte> value)
    {
        StartElement(tag, vr, (uint)value.Length);
        WriteValue(value);
    }

    /// <summary>Writes the header of an element; its value follows by <see cref="WriteValue"/>, in any pieces.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">Its VR; not written in Implicit VR.</param>
    /// <param name="length">Bytes of the value field; less than 0xFFFFFFFF.</param>
    /// <exception cref="DicomFormatException">The length field does not hold it (<see cref="FaultCode.NotTranscodable"/>).</exception>
    public void StartElement(DicomTag tag, DicomVr vr, uint length) => StartElement(tag, vr, length, reserved: 0);

    internal void StartElement(DicomTag tag, DicomVr vr, uint length, ushort reserved)
    {
        Demand(_levels.Count == 0 || _levels.Peek().Kind == LevelKind.Item);
        if (length == ElementHeader.Undefined) throw new ArgumentOutOfRangeException(nameof(length), "A value of bytes has a length.");
        Header(tag, vr, length, reserved);
        _valueEnd = Position + length;
    }

    /// <summary>Writes bytes of the value or fragment whose header was written last.</summary>
    /// <param name="bytes">The next of them.</param>
    public void WriteValue(ReadOnlySpan<byte> bytes)
    {
        if (Position + bytes.Length > Math.Max(_valueEnd, Position)) throw new InvalidOperationException("The value is longer than its header says.");
        _output.Write(bytes);
        Position += bytes.Length;
    }

    /// <summary>Opens a sequence.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">SQ; or UN, whose items are Implicit VR Little Endian and whose length is undefined.</param>
    /// <param name="length">Bytes of all its items with their headers, or <see langword="null"/>: it ends with a delimiter.</param>
    public void StartSequence(DicomTag tag, DicomVr vr, uint? length = null) => StartSequence(tag, vr, length, reserved: 0);

    internal void StartSequence(DicomTag tag, DicomVr vr, uint? length, ushort reserved)
    {
        Demand(_levels.Count == 0 || _levels.Peek().Kind == LevelKind.Item);
        var isUnknown = IsExplicitVr && vr == DicomVr.UN;
        if (isUnknown && length is not null) throw new ArgumentException("A sequence of VR UN has an undefined length.", nameof(length));
        Header(tag, vr, length ?? ElementHeader.Undefined, reserved);
        Open(LevelKind.Sequence, length);
        if (isUnknown) (IsExplicitVr, IsBigEndian) = (false, false); // PS3.5 §6.2.2
    }

    /// <summary>Opens an item of the sequence.</summary>
    /// <param name="length">Bytes of all its elements, or <see langword="null"/>: it ends with a delimiter.</param>
    public void StartItem(uint? length = null)
    {
        Demand(_levels.Count > 0 && _levels.Peek().Kind == LevelKind.Sequence);
        Header(DicomTag.Item, default, length ?? ElementHeader.Undefined, 0);
        Open(LevelKind.Item, length);
    }

    /// <summary>Closes the item.</summary>
    public void EndItem() => EndItem(0);

    internal void EndItem(uint delimiterLength) => Close(LevelKind.Item, DicomTag.ItemDelimitation, delimiterLength);

    /// <summary>Closes the sequence.</summary>
    public void EndSequence() => EndSequence(0);

    internal void EndSequence(uint delimiterLength) => Close(LevelKind.Sequence, DicomTag.SequenceDelimitation, delimiterLength);

    /// <summary>Opens a list of fragments, as encapsulated pixel data is (PS3.5 §A.4); the first is the Basic Offset Table.</summary>
    /// <param name="tag">(7FE0,0010).</param>
    /// <param name="vr">OB; or OW.</param>
    public void StartFragments(DicomTag tag, DicomVr vr) => StartFragments(tag, vr, reserved: 0);

    internal void StartFragments(DicomTag tag, DicomVr vr, ushort reserved)
    {
        Demand(_levels.Count == 0 || _levels.Peek().Kind == LevelKind.Item);
        Header(tag, vr, ElementHeader.Undefined, reserved);
        Open(LevelKind.Fragments, null);
    }

    /// <summary>Writes a fragment whole.</summary>
    /// <param name="bytes">Its bytes, padded by the caller.</param>
    public void WriteFragment(ReadOnlySpan<byte> bytes)
    {
        Demand(_levels.Count > 0 && _levels.Peek().Kind == LevelKind.Fragments);
        Header(DicomTag.Item, default, (uint)bytes.Length, 0);
        _valueEnd = Position + bytes.Length;
        WriteValue(bytes);
    }

    /// <summary>Closes the list of fragments.</summary>
    public void EndFragments() => EndFragments(0);

    internal void EndFragments(uint delimiterLength) => Close(LevelKind.Fragments, DicomTag.SequenceDelimitation, delimiterLength);

    private void Header(DicomTag tag, DicomVr vr, uint length, ushort reserved)
    {
        if (Position < _valueEnd) throw new InvalidOperationException("The value before is shorter than its header says.");
        if (IsExplicitVr && tag.Group != 0xFFFE && !vr.IsWellFormed) throw new ArgumentException("The VR is not two capital letters.", nameof(vr));
        Position += ElementHeader.Write(_output, tag, vr, length, reserved, IsExplicitVr, IsBigEndian);
    }

    private void Open(LevelKind kind, uint? length) =>
        _levels.Push(new Level(kind, length is { } l ? Position + l : -1, IsExplicitVr, IsBigEndian));

    private void Close(LevelKind kind, DicomTag delimiter, uint delimiterLength)
    {
        Demand(_levels.Count > 0 && _levels.Peek().Kind == kind);
        var level = _levels.Peek();
        if (level.End < 0) Header(delimiter, default, delimiterLength, 0);
        else if (level.End != Position || Position < _valueEnd) throw new InvalidOperationException("What was written is not as long as its header says.");
        _levels.Pop();
        (IsExplicitVr, IsBigEndian) = (level.OuterExplicit, level.OuterBigEndian);
    }

    private static void Demand(bool isAllowed)
    {
        if (!isAllowed) throw new InvalidOperationException("Nothing of this kind may stand here: items are in sequences, elements in items or on the top level.");
    }
}
