using System.Buffers.Binary;

namespace Dicom.Migration.DataSets.Tests.CharacterSets;

/// <summary>Lists the elements of a Part 10 file in Explicit VR Little Endian, with their depth in sequences of undefined length.</summary>
internal static class ExplicitWalker
{
    internal static IEnumerable<(DicomTag Tag, DicomVr Vr, int Depth, byte[] Value)> Elements(byte[] file)
    {
        var (at, depth) = (132, 0);
        while (at + 8 <= file.Length)
        {
            var tag = new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at)), BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at + 2)));
            if (tag.Group == 0xFFFE)
            {
                if (tag == DicomTag.SequenceDelimitation) depth--;
                at += 8;
                continue;
            }

            var vr = new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 4)));
            var (length, header) = vr.HasLongLength
                ? (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)), 12)
                : (BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at + 6)), 8);
            at += header;
            if (length == uint.MaxValue)
            {
                depth++;
                continue;
            }

            if (length > file.Length - at) yield break;
            yield return (tag, vr, depth, file.AsSpan(at, (int)length).ToArray());
            at += (int)length;
        }
    }
}
