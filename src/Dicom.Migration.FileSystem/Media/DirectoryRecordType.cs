using System.Collections.Frozen;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>A Directory Record Type (0004,1430) with its keys (PS3.3 §F.5), chosen by SOP class (Table F.4-1).</summary>
internal sealed class DirectoryRecordType
{
    private const string Storage = "1.2.840.10008.5.1.4.1.1.", Other = "1.2.840.10008.5.1.4.";
    private const uint InstanceNumber = 0x00200013, ContentDate = 0x00080023, ContentTime = 0x00080033, ContentLabel = 0x00700080, ConceptName = 0x0040A043;
    private static readonly uint[] ContentTexts = [0x00700081, 0x00700084];

    private DirectoryRecordType(string name, uint[] needed, uint[]? named = null, uint[]? sometimes = null, bool isRoot = false)
    {
        (Name, Needed, IsRoot) = (name, needed.ToFrozenSet(), isRoot);
        var namedToo = named ?? [];
        MayBeEmpty = namedToo.ToFrozenSet();
        Keys = [.. new uint[] { 0x00080005 }.Concat(needed).Concat(namedToo).Concat(sometimes ?? []).Order()]; // elements of a data set ascend (PS3.5 §7.1)
    }

    public string Name { get; }
    /// <summary>Stands in no study: belongs to the root (PS3.3 §F.4).</summary>
    public bool IsRoot { get; }
    /// <summary>All that is copied, in the order of tags; what is in none of the two sets is of type 1C or 3 and is copied where it is.</summary>
    public IReadOnlyList<uint> Keys { get; }
    /// <summary>Of type 1.</summary>
    public FrozenSet<uint> Needed { get; }
    /// <summary>Of type 2.</summary>
    public FrozenSet<uint> MayBeEmpty { get; }

    public static DirectoryRecordType Patient { get; } = new("PATIENT", [0x00100020], [0x00100010]);
    public static DirectoryRecordType Study { get; } = new("STUDY", [0x00080020, 0x00080030, 0x0020000D, 0x00200010], [0x00080050, 0x00081030]);
    public static DirectoryRecordType Series { get; } = new("SERIES", [0x00080060, 0x0020000E, 0x00200011]);
    public static DirectoryRecordType Image { get; } = new("IMAGE", [InstanceNumber]);
    /// <summary>For what the standard has no type for; a reader knows by it that it need not know it (PS3.3 §F.4).</summary>
    public static DirectoryRecordType Private { get; } = new("PRIVATE", []);

    private static readonly DirectoryRecordType
        Waveform = new("WAVEFORM", [InstanceNumber, ContentDate, ContentTime]),
        Measurement = new("MEASUREMENT", [InstanceNumber, ContentDate, ContentTime]),
        Presentation = new("PRESENTATION", [0x00700082, 0x00700083, InstanceNumber, ContentLabel], ContentTexts, [0x00081115, 0x00700402]),
        SrDocument = new("SR DOCUMENT", [InstanceNumber, 0x0040A491, 0x0040A493, ContentDate, ContentTime, ConceptName], null, [0x0040A030, InstanceKeys.ContentSequence]),
        KeyObject = new("KEY OBJECT DOC", [InstanceNumber, ContentDate, ContentTime, ConceptName], null, [InstanceKeys.ContentSequence]),
        EncapsulatedDocument = new("ENCAP DOC", [InstanceNumber, 0x00420012], [ContentDate, ContentTime, 0x00420010, ConceptName], [0x0040E001]),
        RtDose = new("RT DOSE", [InstanceNumber, 0x3004000A], null, [0x30040006]),
        RtStructureSet = new("RT STRUCTURE SET", [InstanceNumber, 0x30060002], [0x30060008, 0x30060009]),
        RtPlan = new("RT PLAN", [InstanceNumber, 0x300A0002], [0x300A0006, 0x300A0007]),
        RtTreatmentRecord = new("RT TREAT RECORD", [InstanceNumber], [0x30080250, 0x30080251]),
        Radiotherapy = new("RADIOTHERAPY", [InstanceNumber], ContentTexts, [0x30100033, 0x30100034]),
        Plan = new("PLAN", []),
        Spectroscopy = new("SPECTROSCOPY", [0x00080008, ContentDate, ContentTime, InstanceNumber, 0x00280008, 0x00280010, 0x00280011, 0x00289001, 0x00289002], null, [0x00089092]),
        RawData = new("RAW DATA", [ContentDate, ContentTime], [InstanceNumber]),
        Registration = WithContent("REGISTRATION"),
        Fiducial = WithContent("FIDUCIAL"),
        ValueMap = WithContent("VALUE MAP"),
        Surface = WithContent("SURFACE"),
        Tract = WithContent("TRACT"),
        Annotation = WithContent("ANNOTATION"),
        SurfaceScan = new("SURFACE SCAN", [ContentDate, ContentTime]),
        Stereometric = new("STEREOMETRIC", []),
        Assessment = new("ASSESSMENT", [InstanceNumber, 0x00080012], [0x00080013]),
        // Retired with their SOP classes (PS3.3-2004), and still in archives.
        Overlay = new("OVERLAY", [0x00200022]),
        Curve = new("CURVE", [0x00200024]),
        ModalityLut = new("MODALITY LUT", [0x00200026]),
        VoiLut = new("VOI LUT", [0x00200026]);

    private static readonly FrozenDictionary<string, DirectoryRecordType> Classes = new Dictionary<string, DirectoryRecordType>(StringComparer.Ordinal)
    {
        ["4.2"] = Spectroscopy, ["8"] = Overlay, ["9"] = Curve, ["129"] = Curve, ["10"] = ModalityLut, ["11"] = VoiLut,
        ["66"] = RawData, ["66.1"] = Registration, ["66.2"] = Fiducial, ["66.3"] = Registration, ["66.5"] = Surface, ["66.6"] = Tract, ["67"] = ValueMap,
        ["77.1.5.3"] = Stereometric, ["79.1"] = Measurement, ["80.1"] = Measurement, ["88.59"] = KeyObject, ["90.1"] = Assessment, ["91.1"] = Annotation, ["131"] = Presentation,
        ["481.1"] = Image, ["481.2"] = RtDose, ["481.3"] = RtStructureSet, ["481.5"] = RtPlan, ["481.8"] = RtPlan, ["481.23"] = Image, ["481.24"] = Image, ["481.25"] = Plan,
        ["481.4"] = RtTreatmentRecord, ["481.6"] = RtTreatmentRecord, ["481.7"] = RtTreatmentRecord, ["481.9"] = RtTreatmentRecord, ["501.3"] = Private,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, DirectoryRecordType> OtherClasses = new Dictionary<string, DirectoryRecordType>(StringComparer.Ordinal)
    {
        ["34.7"] = Plan, ["34.10"] = Plan,
        ["38.1"] = new("HANGING PROTOCOL", [0x00720002, 0x00720004, 0x00720006, 0x00720008, 0x0072000A, 0x0072000C, 0x00720014], [0x0072000E], isRoot: true),
        ["39.1"] = new("PALETTE", [ContentLabel], [0x00700081], isRoot: true),
        ["43.1"] = new("IMPLANT", [0x00080070, 0x00221095, 0x00221097], null, [0x00686210], isRoot: true),
        ["44.1"] = new("IMPLANT ASSY", [0x00760001, 0x00080070, 0x00760020], isRoot: true),
        ["45.1"] = new("IMPLANT GROUP", [0x00780001, 0x00780020], isRoot: true),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Families whose members all have one type; the longer start comes first.
    private static readonly (string Start, DirectoryRecordType Type)[] Families =
    [
        ("9.100.", Presentation), ("9.", Waveform), ("11.", Presentation), ("68.", SurfaceScan), ("78.", Measurement), ("88.", SrDocument), ("104.", EncapsulatedDocument),
        ("481.", Radiotherapy), ("200.", Private), ("201.", Private),
    ];

    /// <summary>The type for an instance.</summary>
    public static DirectoryRecordType Of(string sopClassUid)
    {
        if (!sopClassUid.StartsWith(Storage, StringComparison.Ordinal))
            return sopClassUid.StartsWith(Other, StringComparison.Ordinal) && OtherClasses.TryGetValue(sopClassUid[Other.Length..], out var other) ? other : Private;
        var member = sopClassUid[Storage.Length..];
        if (Classes.TryGetValue(member, out var type)) return type;
        foreach (var (start, family) in Families)
            if (member.StartsWith(start, StringComparison.Ordinal)) return family;
        return Image; // what remains of the standard's storage classes are images, and so have all been that were added without a type of their own
    }

    private static DirectoryRecordType WithContent(string name) => new(name, [InstanceNumber, ContentDate, ContentTime, ContentLabel], ContentTexts);

    /// <summary>Every key of every type.</summary>
    public static FrozenSet<uint> AllKeys { get; } = AllTypes().SelectMany(static t => t.Keys).ToFrozenSet();

    private static IEnumerable<DirectoryRecordType> AllTypes() => [Patient, Study, Series, Image, .. Classes.Values, .. OtherClasses.Values, .. Families.Select(static f => f.Type)];
}
