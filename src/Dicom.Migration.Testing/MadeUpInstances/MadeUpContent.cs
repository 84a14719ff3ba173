using static Dicom.Migration.Testing.RawElement;

namespace Dicom.Migration.Testing;

/// <summary>The attributes of each kind, without pixel data and encoding. Numbers come from the seed, words do not.</summary>
internal sealed class MadeUpContent(long seed, int index, MadeUpRecipe recipe, SplitMix random)
{
    private readonly bool _undefined = recipe.Sequences != MadeUpSequences.Defined;
    private readonly string _class = MadeUpSopClasses.Of(recipe.Kind).Uid;
    private int _others;

    public string StudyUid { get; } = MadeUpUids.Study(seed, recipe.Study);
    public string SeriesUid { get; } = MadeUpUids.Series(seed, recipe.Study, recipe.Series);
    public string InstanceUid { get; } = MadeUpUids.Instance(seed, index);

    /// <summary>What every composite instance has (PS3.3 §C.7.1.1, §C.7.2.1, §C.7.3.1, §C.12.1).</summary>
    public IEnumerable<RawElement> Common()
    {
        var patient = SplitMix.For(seed, ~recipe.Study); // one patient a study, whatever the instance
        var number = 100_000 + patient.Below(900_000);
        var date = $"{2001 + patient.Below(24)}{1 + patient.Below(12):D2}{1 + patient.Below(28):D2}";
        var name = MadeUpName.Of(recipe.CharacterSet);
        if (name.Terms.Length > 0) yield return Text(0x00080005, "CS", name.Terms);
        yield return Text(0x00080008, "CS", @"ORIGINAL\PRIMARY\OTHER");
        yield return Text(0x00080016, "UI", _class);
        yield return Text(0x00080018, "UI", InstanceUid);
        yield return Text(0x00080020, "DA", date);
        yield return Text(0x00080023, "DA", date);
        yield return Text(0x00080030, "TM", $"{random.Below(24):D2}{random.Below(60):D2}{random.Below(60):D2}.{random.Below(1_000_000):D6}");
        yield return Text(0x00080033, "TM", "120000");
        yield return Text(0x00080050, "SH", $"A{number}");
        yield return Text(0x00080060, "CS", MadeUpSopClasses.Of(recipe.Kind).Modality);
        yield return Text(0x00080070, "LO", "Made-up instances");
        yield return Text(0x00080090, "PN", "");
        yield return Bytes(0x00081030, "LO", name.Bytes); // a description in the same repertoire
        yield return Text(0x0008103E, "LO", $"Series {recipe.Series}");
        yield return Bytes(0x00100010, "PN", name.Bytes);
        yield return Text(0x00100020, "LO", $"MADEUP-{number}");
        yield return Text(0x00100030, "DA", $"{1930 + patient.Below(70)}0101");
        yield return Text(0x00100040, "CS", patient.Below(2) == 0 ? "F" : "M");
        yield return Text(0x0020000D, "UI", StudyUid);
        yield return Text(0x0020000E, "UI", SeriesUid);
        yield return Text(0x00200010, "SH", $"S{recipe.Study}");
        yield return Number(0x00200011, "IS", recipe.Series + 1);
        yield return Number(0x00200013, "IS", index + 1);
        if (recipe.HasPrivateBlock)
        {
            yield return Text(0x00290010, "LO", "MADE UP 1.0");
            yield return Bytes(0x00291001, "OB", random.Bytes(7));
            yield return Text(0x00291002, "LO", "private text");
            yield return Sequence(0x00291003, _undefined, Item(Text(0x00290010, "LO", "MADE UP 1.0"), Number(0x00291004, "IS", random.Below(1000))));
            yield return Double(0x00291005, random.Below(1000) / 8.0);
        }
        if (!recipe.HasUnknownOfUndefinedLength) yield break;
        yield return Text(0x00310010, "LO", "MADE UP 2.0");
        yield return Sequence(0x00311010, true, new RawItem([Text(0x00080100, "SH", "UNKNOWN"), Sequence(0x00081140, true, Reference())], true)) with { IsUnknown = true };
    }

    /// <summary>What the kind adds.</summary>
    public IEnumerable<RawElement> Special() => recipe.Kind switch
    {
        MadeUpKind.CtImage => Plane().Append(Text(0x00180060, "DS", "120")).Append(Text(0x00281052, "DS", "-1024")).Append(Text(0x00281053, "DS", "1")),
        MadeUpKind.MrImage => Plane().Append(Text(0x00180020, "CS", "SE")).Append(Text(0x00180080, "DS", $"{300 + random.Below(3000)}")).Append(Text(0x00180081, "DS", "12.5")),
        MadeUpKind.CrImage => [Text(0x00180015, "CS", "CHEST"), Text(0x00185101, "CS", "PA"), Text(0x00180060, "DS", "90")],
        MadeUpKind.UltrasoundMultiFrame => [Text(0x00181063, "DS", "40"), Tags(0x00280009, 0x00181063), Sequence(0x00186011, _undefined,
            Item(UShort(0x00186012, 1), UShort(0x00186014, 1), ULong(0x00186018, "UL", 0), ULong(0x0018601A, "UL", 0), Double(0x0018602C, 0.025), Double(0x0018602E, 0.025)))],
        MadeUpKind.EnhancedMrImage => Groups(),
        MadeUpKind.StructuredReport => Report("126000", "Imaging Measurement Report", depth: 5),
        MadeUpKind.PresentationState => Presentation(),
        MadeUpKind.KeyObjectSelection => Report("113000", "Of Interest", depth: 1).Append(Evidence(0x0040A375)),
        MadeUpKind.Segmentation => [Text(0x00620001, "CS", "BINARY"), Sequence(0x00620002, _undefined, Item(UShort(0x00620004, 1), Text(0x00620005, "LO", "Segment"), Text(0x00620008, "CS", "MANUAL")))],
        MadeUpKind.RtPlan => [Text(0x300A0002, "SH", "PLAN"), Text(0x300A000C, "CS", "PATIENT"), Sequence(0x300A00B0, _undefined, Item(Number(0x300A00C0, "IS", 1),
            Sequence(0x300A0111, _undefined, Item(Number(0x300A0112, "IS", 0), Text(0x300A0114, "DS", "6"))), Sequence(0x300A0116, _undefined))), Sequence(0x300C0060, _undefined, Reference())],
        MadeUpKind.RtStructureSet => [Text(0x30060002, "SH", "SET"), Sequence(0x30060020, _undefined, Item(Number(0x30060022, "IS", 1), Text(0x30060024, "UI", Other()), Text(0x30060026, "LO", "Body"))),
            Sequence(0x30060039, _undefined, Item(Sequence(0x30060040, _undefined, Contour(4), Contour(60)), Number(0x30060084, "IS", 1)))],
        MadeUpKind.Waveform => [Sequence(0x54000100, _undefined, Item(UShort(0x003A0005, 12), ULong(0x003A0010, "UL", 100), Text(0x003A001A, "DS", "500"),
            UShort(0x54001004, 16), Text(0x54001006, "CS", "SS"), Bytes(0x54001010, "OW", random.Bytes(2400))))],
        MadeUpKind.EncapsulatedPdf => [Text(0x00420010, "ST", "Document"), Bytes(0x00420011, "OB", MadeUpPdf.Bytes), Text(0x00420012, "LO", "application/pdf"), ULong(0x00420015, "UL", (uint)MadeUpPdf.Bytes.Length)],
        _ => [Text(0x00080064, "CS", "WSD")],
    };

    private RawItem Item(params RawElement[] elements) => new([.. elements.OrderBy(element => element.Tag)], recipe.Sequences == MadeUpSequences.Undefined);
    private string Other() => MadeUpUids.Other(seed, index, _others++);
    private RawItem Reference() => Item(Text(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.2"), Text(0x00081155, "UI", Other()));
    private RawElement Code(uint tag, string value, string meaning) =>
        Sequence(tag, _undefined, Item(Text(0x00080100, "SH", value), Text(0x00080102, "SH", "DCM"), Text(0x00080104, "LO", meaning)));
    private RawElement Evidence(uint tag) => Sequence(tag, _undefined, Item(Text(0x0020000D, "UI", StudyUid),
        Sequence(0x00081115, _undefined, Item(Text(0x0020000E, "UI", Other()), Sequence(0x00081199, _undefined, Reference(), Reference())))));

    private IEnumerable<RawElement> Plane() =>
    [
        Text(0x00200032, "DS", $@"-100.5\-100.5\{random.Below(400)}"), Text(0x00200037, "DS", @"1\0\0\0\1\0"), Text(0x00200052, "UI", Other()),
        Text(0x00180050, "DS", "2.5"), Text(0x00280030, "DS", @"0.5\0.5"), Sequence(0x00081140, _undefined, Reference(), Reference()),
    ];

    private IEnumerable<RawElement> Groups()
    {
        var frames = Enumerable.Range(1, MadeUpPixels.Frames(recipe.Kind)).Select(frame => Item(
            Sequence(0x00209111, _undefined, Item(ULong(0x00209057, "UL", (uint)frame), Text(0x00209056, "SH", "1"))),
            Sequence(0x00209113, _undefined, Item(Text(0x00200032, "DS", $@"0\0\{frame}"))),
            Sequence(0x00289145, _undefined, Item(Text(0x00281052, "DS", "0"), Text(0x00281053, "DS", "1"))))).ToArray();
        return
        [
            Sequence(0x52009229, _undefined, Item(Sequence(0x00289110, _undefined, Item(Text(0x00180050, "DS", "3"), Text(0x00280030, "DS", @"1\1"))))),
            Sequence(0x52009230, _undefined, frames), Sequence(0x00209221, _undefined, Item(Text(0x00209164, "UI", Other()))),
        ];
    }

    private IEnumerable<RawElement> Report(string code, string meaning, int depth)
    {
        var inner = Item(Text(0x0040A010, "CS", "CONTAINS"), Text(0x0040A040, "CS", "TEXT"), Code(0x0040A043, "121071", "Finding"), Bytes(0x0040A160, "UT", MadeUpName.Of(recipe.CharacterSet).Bytes));
        for (var level = 1; level < depth; level++)
            inner = Item(Text(0x0040A010, "CS", "CONTAINS"), Text(0x0040A040, "CS", "CONTAINER"), Code(0x0040A043, "125007", "Measurement Group"), Text(0x0040A050, "CS", "SEPARATE"), Sequence(0x0040A730, _undefined, inner));
        return [Text(0x0040A040, "CS", "CONTAINER"), Code(0x0040A043, code, meaning), Text(0x0040A050, "CS", "SEPARATE"),
            Text(0x0040A491, "CS", "COMPLETE"), Text(0x0040A493, "CS", "UNVERIFIED"), Sequence(0x0040A730, _undefined, inner)];
    }

    private IEnumerable<RawElement> Presentation() =>
    [
        Text(0x00700080, "CS", "MADE_UP"), Text(0x00700082, "DA", "20200101"), Text(0x00700083, "TM", "1200"), Text(0x20500020, "CS", "IDENTITY"),
        Sequence(0x00081115, _undefined, Item(Text(0x0020000E, "UI", Other()), Sequence(0x00081140, _undefined, Reference()))),
        Sequence(0x00700001, _undefined, Item(Text(0x00700002, "CS", "LAYER"), Sequence(0x00700009, _undefined,
            Item(Text(0x00700005, "CS", "PIXEL"), UShort(0x00700020, 2), UShort(0x00700021, 2), ULong(0x00700022, "FL", 0x3F800000, 0x40000000, 0x40400000, 0x40800000), Text(0x00700023, "CS", "POLYLINE"))))),
    ];

    private RawItem Contour(int points) => Item(Text(0x30060042, "CS", "CLOSED_PLANAR"), Number(0x30060046, "IS", points),
        Text(0x30060050, "DS", string.Join('\\', Enumerable.Range(0, points).Select(point => $@"{point}\{random.Below(500)}\0"))));
}
