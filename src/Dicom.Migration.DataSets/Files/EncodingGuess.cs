using System.Buffers.Binary;

namespace Dicom.Migration.DataSets;

/// <summary>Tells the encoding of a data set from its first element header.</summary>
internal static class EncodingGuess
{
    // A data set starts with a low group: 0004 in a DICOMDIR, 0008 elsewhere, at times 0002 or a private one before it.
    private const int LargestFirstGroup = 0x00FF;

    /// <param name="start">At least 8 bytes from the start of the data set, or fewer of a shorter one.</param>
    /// <returns><see langword="null"/> if the bytes start no data set.</returns>
    internal static TransferSyntax? Of(ReadOnlySpan<byte> start)
    {
        if (start.Length < 8) return null;
        var little = BinaryPrimitives.ReadUInt16LittleEndian(start);
        var big = BinaryPrimitives.ReadUInt16BigEndian(start);
        var vr = new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(start[4..]));
        if (vr.IsKnown && little is > 0 and <= LargestFirstGroup) return TransferSyntax.ExplicitVrLittleEndian;
        if (vr.IsKnown && big is > 0 and <= LargestFirstGroup) return TransferSyntax.ExplicitVrBigEndian;
        // In Implicit VR the length is here. A first element is short: 64 KiB leaves its high half 0.
        var length = BinaryPrimitives.ReadUInt32LittleEndian(start[4..]);
        if (little is > 0 and <= LargestFirstGroup && (length < 0x0001_0000 || length == 0xFFFFFFFF)) return TransferSyntax.ImplicitVrLittleEndian;
        return null;
    }
}
