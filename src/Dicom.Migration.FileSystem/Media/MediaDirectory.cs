using System.Buffers.Binary;
using Dicom.Migration.DataSets;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>A DICOMDIR: which files it names, and whether its records hang together (PS3.3 Annex F, PS3.10 §8.6).</summary>
internal sealed class MediaDirectory
{
    private const int LongestFileId = 1_024; // eight components of eight, and as much again for those who do not count
    private readonly Dictionary<long, MediaDirectoryRecord> _records = [];
    private long _root;

    private MediaDirectory() { }

    /// <summary>What is wrong with it, at the first place where something is.</summary>
    public Fault? Fault { get; private set; }

    /// <summary>Every record in use that names a file, linked or not; in the order of their offsets.</summary>
    public IEnumerable<MediaDirectoryRecord> All => _records.Values.Where(static r => r.File.Length > 0).OrderBy(static r => r.Offset);

    /// <summary>Those that links lead to from the root; all of them if the links are broken.</summary>
    public IReadOnlyList<MediaDirectoryRecord> Linked { get; private set; } = [];

    /// <summary>Reads a DICOMDIR from its first byte to its last. What is wrong with it is a fault and no exception: what could be read counts.</summary>
    /// <param name="handle">Stays the caller's.</param>
    /// <param name="maxRecords">Most records, about 200 bytes of memory each.</param>
    public static MediaDirectory Read(SafeFileHandle handle, int maxRecords)
    {
        var directory = new MediaDirectory();
        try
        {
            directory.ReadRecords(handle, maxRecords);
        }
        catch (DicomFormatException e) { directory.Note(new Fault(FaultCode.MalformedDicomDir, e.Fault.Tag, e.Fault.Offset)); }
        catch (IOException) { directory.Note(new Fault(FaultCode.ReadFailed)); }
        var linked = directory.Fault is null ? directory.Follow() : [];
        directory.Linked = directory.Fault is null ? [.. linked.Where(static r => r.File.Length > 0).OrderBy(static r => r.Offset)] : [.. directory.All];
        return directory;
    }

    private void ReadRecords(SafeFileHandle handle, int maxRecords)
    {
        using var reader = new Part10FileReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        reader.Open(handle);
        var element = reader.Element;
        var (isRecords, draft) = (false, new Draft());
        while (reader.Read())
        {
            if (element.Token is DataSetToken.SequenceStart && element.Depth == 0) isRecords = element.Tag.Value == 0x00041220;
            else if (element.Token is DataSetToken.ItemStart && element.Depth == 1 && isRecords) draft = new Draft { Offset = element.HeaderOffset };
            else if (element.Token is DataSetToken.ItemEnd && element.Depth == 1 && isRecords) Keep(draft, maxRecords);
            else if (element.Token is DataSetToken.ElementStart && element.Depth == 0 && element.Tag.Value == 0x00041200 && element.ValueRemaining > 0) _root = Number(reader);
            else if (element.Token is DataSetToken.ElementStart && element.Depth == 2 && isRecords && element.ValueRemaining > 0) Take(reader, draft);
            if (element.Token is DataSetToken.ElementStart) reader.SkipValue();
        }
    }

    private void Take(Part10FileReader reader, Draft draft)
    {
        switch (reader.Element.Tag.Value)
        {
            case 0x00041400: draft.Next = Number(reader); break;
            case 0x00041410: draft.InUse = Number(reader); break;
            case 0x00041420: draft.Lower = Number(reader); break;
            case 0x00041500:
                if (reader.Element.ValueRemaining > LongestFileId) throw Malformed(reader.Element);
                Span<byte> value = stackalloc byte[LongestFileId];
                var file = MediaFileId.Split(EntryName.Text(value[..reader.ReadValue(value)]));
                // A path out of the folder is never looked for.
                if (file is null) Note(new Fault(FaultCode.MalformedDicomDir, new DicomTag(0x00041500), draft.Offset));
                draft.File = file ?? [];
                break;
        }
    }

    private void Keep(Draft draft, int maxRecords)
    {
        // PS3.3 §F.3.2.2: 0000H marks a record that no longer counts, and nothing below it; those beside it are still reached through it.
        if (draft.InUse == 0) (draft.Lower, draft.File) = (0, []);
        if (_records.Count == maxRecords)
        {
            Note(new Fault(FaultCode.ContainerLimit, null, draft.Offset));
            return;
        }
        if (_records.Count < maxRecords) _records[draft.Offset] = new MediaDirectoryRecord(draft.Offset, draft.Next, draft.Lower, draft.File);
    }

    /// <summary>Follows the links from the root; one to no record, or to where another led already, is a fault.</summary>
    private List<MediaDirectoryRecord> Follow()
    {
        var (linked, seen, pending) = (new List<MediaDirectoryRecord>(), new HashSet<long>(), new Stack<long>());
        if (_root == 0 && _records.Count > 0) Note(new Fault(FaultCode.MalformedDicomDir, new DicomTag(0x00041200)));
        if (_root != 0) pending.Push(_root);
        while (pending.TryPop(out var offset) && Fault is null)
        {
            if (!_records.TryGetValue(offset, out var record) || !seen.Add(offset))
            {
                Note(new Fault(FaultCode.MalformedDicomDir, null, offset));
                break;
            }
            linked.Add(record);
            if (record.Next != 0) pending.Push(record.Next);
            if (record.Lower != 0) pending.Push(record.Lower);
        }
        return linked;
    }

    private void Note(Fault fault) => Fault ??= fault;

    private static long Number(Part10FileReader reader)
    {
        var element = reader.Element;
        if (element.ValueRemaining is not (2 or 4)) throw Malformed(element);
        Span<byte> value = stackalloc byte[4];
        var isBigEndian = element.IsBigEndian;
        return reader.ReadValue(value) == 2
            ? isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(value) : BinaryPrimitives.ReadUInt16LittleEndian(value)
            : isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(value) : BinaryPrimitives.ReadUInt32LittleEndian(value);
    }

    private static DicomFormatException Malformed(DataSetReader element) => new(new Fault(FaultCode.MalformedDicomDir, element.Tag, element.HeaderOffset));

    private sealed class Draft
    {
        public long Offset { get; init; }
        public long Next { get; set; }
        public long Lower { get; set; }
        public long InUse { get; set; } = 0xFFFF;
        public string[] File { get; set; } = [];
    }
}
