using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.DataSets;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What a DICOMDIR says of an instance, from the head of its file: values as they are there, in Explicit VR Little Endian.</summary>
internal sealed class InstanceKeys
{
    public const uint ContentSequence = 0x0040A730;
    private const uint SopClass = 0x00080016, SopInstance = 0x00080018, RelationshipType = 0x0040A010, LastOfSeries = 0x00200013;
    private const int LongestValue = 1_024, LongestSequence = 65_536; // bytes; what is longer is as if it were not there

    // Read for want of a Study Date or Time: of the series, the acquisition, the content.
    private static readonly uint[] Beside = [SopClass, SopInstance, 0x00080021, 0x00080022, 0x00080023, 0x00080031, 0x00080032, 0x00080033];

    private readonly Dictionary<uint, byte[]> _values = [];

    private InstanceKeys(Part10Prefix prefix) => (Prefix, Type) = (prefix, DirectoryRecordType.Private);

    public Part10Prefix Prefix { get; }
    public DirectoryRecordType Type { get; private set; }

    /// <summary>A value with its padding, or the items of a sequence; empty if there is none.</summary>
    public byte[] this[uint tag] => _values.GetValueOrDefault(tag, []);

    /// <summary>A value of the default repertoire, without padding.</summary>
    public string Text(uint tag) => Encoding.Latin1.GetString(this[tag]).Trim('\0', ' ');

    /// <summary>Reads the head of a file.</summary>
    /// <param name="reader">Used again from file to file.</param>
    /// <param name="handle">Stays the caller's.</param>
    /// <exception cref="DicomFormatException">It cannot be read so far.</exception>
    public static InstanceKeys Read(Part10FileReader reader, SafeFileHandle handle)
    {
        reader.Open(handle);
        var (element, keys, last) = (reader.Element, new InstanceKeys(reader.Prefix), LastOfSeries);
        while (reader.Read() && (element.Depth > 0 || element.Tag.Value <= last))
        {
            var (token, tag) = (element.Token, element.Tag.Value);
            var isWanted = element.Depth == 0 && (DirectoryRecordType.AllKeys.Contains(tag) || Beside.Contains(tag));
            if (token is DataSetToken.SequenceStart && isWanted) keys._values[tag] = ReadItems(reader, tag == ContentSequence);
            else if (token is DataSetToken.ElementStart && isWanted && element.ValueRemaining is > 0 and <= LongestValue)
            {
                keys._values[tag] = ReadValue(reader);
                if (tag != SopClass) continue;
                keys.Type = DirectoryRecordType.Of(keys.Text(SopClass));
                if (keys.Type.Keys.Count > 0) last = Math.Max(last, keys.Type.Keys[^1]);
            }
            else if (token is DataSetToken.ElementStart or DataSetToken.Fragment) reader.SkipValue();
        }
        return keys;
    }

    /// <summary>The SOP Instance UID in a file's data set; <see langword="null"/> if none can be read.</summary>
    /// <param name="handle">Stays the caller's.</param>
    public static string? ReadUid(SafeFileHandle handle)
    {
        try
        {
            if (FileStart.Read(handle).Kind is not FileKind.Instance) return null;
            using var reader = NewReader();
            return Read(reader, handle).Text(SopInstance);
        }
        catch (MigrationException) { return null; }
        catch (IOException) { return null; }
    }

    public static Part10FileReader NewReader() => new(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });

    private static byte[] ReadValue(Part10FileReader reader)
    {
        var (element, vr) = (reader.Element, reader.Element.Vr);
        var (length, isBigEndian) = ((int)element.ValueRemaining, element.IsBigEndian);
        var value = new byte[length + (length & 1)];
        if (reader.ReadValue(value) < length) throw new DicomFormatException(new Fault(FaultCode.LengthBeyondInput, element.Tag));
        if (length < value.Length) value[^1] = vr.PaddingByte;
        if (isBigEndian && vr.UnitLength > 1)
            for (var i = 0; i + vr.UnitLength <= value.Length; i += vr.UnitLength) value.AsSpan(i, vr.UnitLength).Reverse();
        return value;
    }

    /// <summary>Reads a sequence's items with their headers. Items that are too long, or hold what no key holds, are left out.</summary>
    private static byte[] ReadItems(Part10FileReader reader, bool onlyModifiers)
    {
        var (element, items, item) = (reader.Element, new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var (writer, isKept, relationship) = (new DataSetWriter(item, TransferSyntax.ExplicitVrLittleEndian), true, "");
        while (reader.Read() && !(element.Token is DataSetToken.SequenceEnd && element.Depth == 0))
        {
            switch (element.Token, element.Depth)
            {
                case (DataSetToken.ItemStart, 1):
                    item.ResetWrittenCount();
                    (writer, isKept, relationship) = (new DataSetWriter(item, TransferSyntax.ExplicitVrLittleEndian), true, "");
                    break;
                case (DataSetToken.ItemEnd, 1):
                    // PS3.3 §F.5: of a Content Sequence, what modifies the concept name of the document.
                    if (!isKept || (onlyModifiers && relationship is not "HAS CONCEPT MOD")) break;
                    WriteItem(items, item.WrittenSpan);
                    break;
                case (DataSetToken.ElementStart or DataSetToken.Fragment, _):
                    isKept &= element.Token is DataSetToken.ElementStart && element.ValueRemaining <= LongestValue && item.WrittenCount + items.WrittenCount <= LongestSequence - 2 * LongestValue;
                    if (!isKept || element.Tag.Element == 0)
                    {
                        reader.SkipValue();
                        break;
                    }
                    var (tag, vr, isRelationship) = (element.Tag, element.Vr, element.Depth == 2 && element.Tag.Value == RelationshipType);
                    var value = element.ValueRemaining == 0 ? [] : ReadValue(reader);
                    writer.WriteElement(tag, vr, value);
                    if (isRelationship) relationship = Encoding.Latin1.GetString(value).Trim('\0', ' ');
                    break;
                case (DataSetToken.SequenceStart, _) when isKept: writer.StartSequence(element.Tag, DicomVr.SQ); break;
                case (DataSetToken.ItemStart, _) when isKept: writer.StartItem(); break;
                case (DataSetToken.ItemEnd, _) when isKept: writer.EndItem(); break;
                case (DataSetToken.SequenceEnd, _) when isKept: writer.EndSequence(); break;
            }
        }
        return items.WrittenSpan.ToArray();
    }

    private static void WriteItem(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> content)
    {
        Span<byte> header = [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], content.Length);
        to.Write(header);
        to.Write(content);
    }
}
