using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>Writes a DICOMDIR record by record (PS3.3 Annex F, PS3.10 §8.6), in any order of instances: each link is filled in when what it leads to is written.</summary>
/// <remarks>Keeps a digest and two offsets for each patient, study and series, under 100 bytes each, and nothing for an instance.</remarks>
internal sealed class MediaDirectoryWriter
{
    private const string MediaStorageDirectory = "1.2.840.10008.1.3.10";
    // PS3.5 Annex B.2: a UUID as a UID, drawn once: what records of this software's own type are (0004,1432).
    private const string PrivateRecordUid = "2.25.302196447714019083745166925011773408619";
    private const int NextAt = 16, LowerAt = 38; // of the values of (0004,1400) and (0004,1420) in a record with its item header, in bytes
    private const long LongestFile = uint.MaxValue; // links have 32 bits (PS3.3 §F.3.2.2)

    private readonly DurableFile _file;
    private readonly long _linksAt;
    private readonly Dictionary<UInt128, Entity> _entities = [];
    private readonly ArrayBufferWriter<byte> _record = new(1_024);
    private uint _lastOfRoot;

    /// <summary>Writes what stands before the records.</summary>
    /// <param name="file">Empty. Stays the caller's.</param>
    public MediaDirectoryWriter(DurableFile file)
    {
        _file = file;
        var uid = "2.25." + new BigInteger(Guid.NewGuid().ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
        var head = new ArrayBufferWriter<byte>();
        head.Write(Part10Meta.Make(MediaStorageDirectory, uid, TransferSyntax.ExplicitVrLittleEndian.Uid)); // PS3.10 §8.6: always this syntax
        var writer = new DataSetWriter(head, TransferSyntax.ExplicitVrLittleEndian);
        writer.WriteElement(new DicomTag(0x00041130), DicomVr.CS, []); // File-set ID, of type 2
        _linksAt = head.WrittenCount + 8;
        writer.WriteElement(new DicomTag(0x00041200), DicomVr.UL, new byte[4]); // first and last record of the root
        writer.WriteElement(new DicomTag(0x00041202), DicomVr.UL, new byte[4]);
        writer.WriteElement(new DicomTag(0x00041212), DicomVr.US, new byte[2]); // consistent
        head.Write<byte>([4, 0, 0x20, 0x12, (byte)'S', (byte)'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]); // (0004,1220), ends with a delimiter
        _file.Write(head.WrittenSpan);
    }

    public long Patients { get; private set; }
    public long Studies { get; private set; }
    public long Series { get; private set; }
    public long Instances { get; private set; }
    /// <summary>Records with a key of type 1 that the instance does not have.</summary>
    public long StandIns { get; private set; }
    public long Bytes => _file.Length;

    /// <summary>Adds an instance, and its patient, study and series if they are new.</summary>
    /// <param name="keys">What its file says. The first instance of an entity speaks for it.</param>
    /// <param name="fileId">Where it lies.</param>
    public void Add(InstanceKeys keys, string[] fileId)
    {
        Instances++;
        if (keys.Type.IsRoot)
        {
            Write(keys.Type, keys, fileId, null);
            return;
        }
        var study = keys.Text(0x0020000D);
        // Whoever has no Patient ID is a patient of the own study's: nobody else's images come under that name.
        var patientKey = Key(default, keys.Text(0x00100020) is { Length: > 0 } id ? id : "\0" + study);
        var studyKey = Key(patientKey, study);
        var seriesKey = Key(studyKey, keys.Text(0x0020000E));
        if (!_entities.ContainsKey(patientKey))
        {
            Patients++;
            _entities.Add(patientKey, new Entity(Write(DirectoryRecordType.Patient, keys, null, null), 0));
        }
        if (!_entities.ContainsKey(studyKey))
        {
            Studies++;
            _entities.Add(studyKey, new Entity(Write(DirectoryRecordType.Study, keys, null, patientKey), 0));
        }
        if (!_entities.ContainsKey(seriesKey))
        {
            Series++;
            _entities.Add(seriesKey, new Entity(Write(DirectoryRecordType.Series, keys, null, studyKey), 0));
        }
        Write(keys.Type, keys, fileId, seriesKey);
    }

    /// <summary>Ends the sequence of records.</summary>
    public void Complete()
    {
        if (_lastOfRoot != 0) Link(_linksAt + 12, _lastOfRoot);
        _file.Write([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    }

    /// <returns>The record's offset.</returns>
    private uint Write(DirectoryRecordType type, InstanceKeys keys, string[]? fileId, UInt128? parent)
    {
        _record.ResetWrittenCount();
        var writer = new DataSetWriter(_record, TransferSyntax.ExplicitVrLittleEndian);
        writer.WriteElement(new DicomTag(0x00041400), DicomVr.UL, new byte[4]);
        writer.WriteElement(new DicomTag(0x00041410), DicomVr.US, [0xFF, 0xFF]);
        writer.WriteElement(new DicomTag(0x00041420), DicomVr.UL, new byte[4]);
        Text(writer, 0x00041430, DicomVr.CS, type.Name);
        if (type == DirectoryRecordType.Private) Text(writer, 0x00041432, DicomVr.UI, PrivateRecordUid);
        if (fileId is not null)
        {
            Text(writer, 0x00041500, DicomVr.CS, string.Join('\\', fileId));
            Text(writer, 0x00041510, DicomVr.UI, keys.Text(0x00080016));
            Text(writer, 0x00041511, DicomVr.UI, keys.Text(0x00080018));
            Text(writer, 0x00041512, DicomVr.UI, keys.Prefix.TransferSyntax.Uid);
        }
        if (!WriteKeys(writer, type, keys)) StandIns++;
        var at = _file.Length;
        if (at + 16 + _record.WrittenCount > LongestFile) throw new FileSystemException(new Fault(FaultCode.ContainerLimit, null, at));
        Span<byte> header = [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], _record.WrittenCount);
        _file.Write(header);
        _file.Write(_record.WrittenSpan);
        LinkTo((uint)at, parent);
        return (uint)at;
    }

    private void LinkTo(uint record, UInt128? parent)
    {
        if (parent is not { } key)
        {
            Link(_lastOfRoot == 0 ? _linksAt : _lastOfRoot + NextAt, record);
            _lastOfRoot = record;
            return;
        }
        var above = _entities[key];
        Link(above.Last == 0 ? above.Offset + LowerAt : above.Last + NextAt, record);
        _entities[key] = above with { Last = record };
    }

    private void Link(long from, uint to)
    {
        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(value, to);
        _file.WriteAt(value, from);
    }

    /// <returns><see langword="false"/> if a key of type 1 is not the instance's own.</returns>
    private static bool WriteKeys(DataSetWriter writer, DirectoryRecordType type, InstanceKeys keys)
    {
        var isComplete = true;
        foreach (var key in type.Keys)
        {
            var (tag, vr, value) = (new DicomTag(key), DataElementDictionary.VrOf(new DicomTag(key)), keys[key]);
            if (type.Needed.Contains(key) && (vr == DicomVr.SQ ? value.Length == 0 : value.AsSpan().IndexOfAnyExcept((byte)0, (byte)' ') < 0 && vr.IsText))
            {
                isComplete = false;
                if (vr == DicomVr.SQ) continue; // no code can be made up
                value = StandIn.For(key, vr, keys);
            }
            else if (type.Needed.Contains(key) && value.Length == 0)
            {
                (isComplete, value) = (false, StandIn.For(key, vr, keys));
            }
            else if (value.Length == 0 && !type.MayBeEmpty.Contains(key)) continue;
            if (vr != DicomVr.SQ) writer.WriteElement(tag, vr, value);
            else
            {
                writer.StartElement(tag, vr, (uint)value.Length);
                writer.WriteValue(value);
            }
        }
        return isComplete;
    }

    private static void Text(DataSetWriter writer, uint tag, DicomVr vr, string text) => writer.WriteElement(new DicomTag(tag), vr, StandIn.Padded(vr, text));

    private static UInt128 Key(UInt128 above, string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        var bytes = new byte[16 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, above);
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(16));
        SHA256.HashData(bytes, digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }

    /// <param name="Offset">Of its record.</param> <param name="Last">Offset of the record written last below it; 0 for none.</param>
    private readonly record struct Entity(uint Offset, uint Last);
}
