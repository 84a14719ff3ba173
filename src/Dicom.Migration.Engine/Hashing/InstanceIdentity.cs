using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>The four UIDs that say which instance a data set is (PS3.3 §C.7.2.1, §C.7.3.1, §C.12.1).</summary>
internal sealed class InstanceIdentity
{
    private readonly byte[] _bytes = new byte[4 * (DicomUid.MaxLength + 1)];
    private readonly int[] _lengths = new int[4];

    /// <summary>Length of what stands before bulk data (group 7FE0 and behind), in bytes of the data set, inflated; negative if nobody looked.</summary>
    public long HeaderLength { get; set; } = -1;
    public string SopClassUid => Text(0);
    public string SopInstanceUid => Text(1);
    public string StudyInstanceUid => Text(2);
    public string SeriesInstanceUid => Text(3);

    /// <summary>Keeps a piece of one of the four values; what is longer than a UID may be is kept one byte too long, and so fails the grammar.</summary>
    public void Take(DicomTag tag, int depth, ReadOnlySpan<byte> piece)
    {
        var slot = (depth, tag.Value) switch { (0, 0x00080016) => 0, (0, 0x00080018) => 1, (0, 0x0020000D) => 2, (0, 0x0020000E) => 3, _ => -1 };
        if (slot < 0) return;
        var room = _bytes.AsSpan((slot * (DicomUid.MaxLength + 1)) + _lengths[slot], DicomUid.MaxLength + 1 - _lengths[slot]);
        piece = piece[..Math.Min(piece.Length, room.Length)];
        piece.CopyTo(room);
        _lengths[slot] += piece.Length;
    }

    /// <summary>The fault of an identity that cannot be filed under, or <see langword="null"/>.</summary>
    public Fault? Check()
    {
        // Study and series may be missing: hanging protocols, palettes and other instances outside a patient's study have none.
        if (SopClassUid.Length == 0) return new Fault(FaultCode.MissingIdentity, new DicomTag(0x00080016));
        return SopInstanceUid.Length == 0 ? new Fault(FaultCode.MissingIdentity, new DicomTag(0x00080018)) : null;
    }

    private string Text(int slot) => Encoding.Latin1.GetString(_bytes, slot * (DicomUid.MaxLength + 1), _lengths[slot]).TrimEnd('\0', ' ');
}
