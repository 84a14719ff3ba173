using System.Buffers;

namespace Dicom.Migration.DataSets.Tests;

public sealed class PatchPlanTests
{
    private static readonly DicomTag Id = new(0x0010, 0x0020), Name = new(0x0010, 0x0010), Sequence = new(0x0008, 0x1115), Inner = new(0x0008, 0x1140);
    private static readonly ItemStep[] Deep = [new(Sequence, 0), new(Inner, 0)];

    private static async Task<byte[]> Patched(byte[] dataSet, TransferSyntax syntax, params ElementPatch[] patches)
    {
        var plan = PatchPlan.Create(dataSet, syntax, patches);
        var output = new ArrayBufferWriter<byte>();
        plan.Apply(dataSet, output);
        using var to = new MemoryStream();
        await plan.CopyAsync(new MemoryStream(dataSet), to, TestContext.Current.CancellationToken);
        Assert.Equal(output.WrittenSpan, to.ToArray());
        Assert.Equal(dataSet.Length + plan.LengthChange, output.WrittenCount);
        return output.WrittenSpan.ToArray();
    }

    public static TheoryData<bool, bool, string> Encodings() => new() { { true, false, "1.2.840.10008.1.2.1" }, { true, true, "1.2.840.10008.1.2.2" }, { false, false, "1.2.840.10008.1.2" } };

    /// <summary>All other bytes stay: odd lengths, private elements, what stands behind.</summary>
    [Theory, MemberData(nameof(Encodings))]
    public async Task Changes_the_element_and_the_lengths_around_it_and_nothing_else(bool isExplicit, bool isBigEndian, string uid)
    {
        Bytes Sample(string? name, string id, string? inner) => Optional(new Bytes(isExplicit, isBigEndian)
            .Defined(0x00081115, i => i.Defined(0x00081140, j => Optional(j, 0x00100010, inner).Text(0x00100020, "LO", id)).Text(0x00100030, "DA", "odd"))
            .Open(0x00081116, i => i.Text(0x00100020, "LO", "stays")), 0x00100010, name)
            .Text(0x00100020, "LO", "X ").Element(0x00291001, "OB", [1, 2, 3]).Element(0x7FE00010, "OW", [1, 2, 3, 4]);
        static Bytes Optional(Bytes b, uint tag, string? text) => text is null ? b : b.Text(tag, "PN", text);

        var syntax = TransferSyntax.FromUid(uid);
        var sample = Sample(null, "AB", "PQ").ToArray();
        Assert.Equal(Sample(null, "ABCDE ", "PQ").ToArray(), await Patched(sample, syntax, ElementPatch.Replace(Id, DicomVr.LO, "ABCDE"u8.ToArray(), Deep)));
        Assert.Equal(Sample(null, "AB", null).ToArray(), await Patched(sample, syntax, ElementPatch.Remove(Name, Deep)));
        Assert.Equal(sample, await Patched(Sample(null, "AB", null).ToArray(), syntax, ElementPatch.Add(Name, DicomVr.PN, "PQ"u8.ToArray(), Deep)));
        Assert.Equal(Sample("N^", "", "PQ").ToArray(), await Patched(sample, syntax,
            ElementPatch.Add(Name, DicomVr.PN, "N^"u8.ToArray()), ElementPatch.Replace(Id, DicomVr.LO, default, Deep)));
        Assert.Equal(sample, await Patched(sample, syntax));
    }

    [Fact]
    public async Task Adds_at_the_end_of_items_and_data_set_and_takes_sequences_whole()
    {
        var le = TransferSyntax.ExplicitVrLittleEndian;
        var sample = new Bytes().Open(0x00081115, i => i.Text(0x00080016, "UI", "1\0")).ToArray();
        Assert.Equal(new Bytes().Open(0x00081115, i => i.Text(0x00080016, "UI", "1\0").Text(0x00100020, "LO", "A ")).Text(0x00100010, "PN", "B ").Text(0x00100020, "LO", "C ").ToArray(),
            await Patched(sample, le, ElementPatch.Add(Id, DicomVr.LO, "C"u8.ToArray()), ElementPatch.Add(Name, DicomVr.PN, "B"u8.ToArray()),
                ElementPatch.Add(Id, DicomVr.LO, "A"u8.ToArray(), [new ItemStep(Sequence, 0)])));
        Assert.Empty(await Patched(sample, le, ElementPatch.Remove(Sequence)));
        Assert.Equal(new Bytes().Header(0x00081115, "SQ", 8).Item(0).ToArray(), await Patched(sample, le, ElementPatch.Replace(Sequence, DicomVr.SQ, new Bytes().Item(0).ToArray())));
    }

    /// <summary>In Implicit VR one private tag may be a sequence here and text there.</summary>
    [Fact]
    public async Task Takes_a_tag_for_a_sequence_only_where_the_path_leads_through_it()
    {
        var tag = new DicomTag(0x0009, 0x1001);
        Bytes Sample(string id) => new Bytes(false).Defined(0x00091001, i => i.Text(0x00091001, "", "some text that is no item").Text(0x00100020, "", id)).Text(0x00091002, "", "odd");
        Assert.Equal(Sample("ABCD").ToArray(), await Patched(Sample("A ").ToArray(), TransferSyntax.ImplicitVrLittleEndian, ElementPatch.Replace(Id, DicomVr.LO, "ABCD"u8.ToArray(), [new ItemStep(tag, 0)])));
    }

    [Fact]
    public void Needs_the_start_alone()
    {
        var start = new Bytes().Text(0x00100020, "LO", "A ").Header(0x7FE00010, "OB", 1_000_000).ToArray();
        Assert.Equal(2, PatchPlan.Create(start, TransferSyntax.ExplicitVrLittleEndian, [ElementPatch.Replace(Id, DicomVr.LO, "ABCD"u8.ToArray())]).LengthChange);
        Assert.Equal(8, PatchPlan.Create(start, TransferSyntax.ExplicitVrLittleEndian, [ElementPatch.Add(new DicomTag(0x0011, 0x0010), DicomVr.LO, default)]).LengthChange);
    }

    [Fact]
    public void Refuses_what_does_not_fit()
    {
        var sample = new Bytes().Text(0x00100020, "LO", "A ").ToArray();
        foreach (ElementPatch[] patches in (ElementPatch[][])
            [[ElementPatch.Replace(Name, DicomVr.PN, default)], [ElementPatch.Remove(Name)], [ElementPatch.Add(Id, DicomVr.LO, default)], [ElementPatch.Remove(Id, Deep)],
             [ElementPatch.Remove(Id), ElementPatch.Replace(Id, DicomVr.LO, default)], [ElementPatch.Replace(Id, DicomVr.LO, new byte[65_536])]])
            Assert.Equal(FaultCode.PatchNotApplicable, Assert.Throws<DicomFormatException>(() => PatchPlan.Create(sample, TransferSyntax.ExplicitVrLittleEndian, patches)).Fault.Code);
        Assert.Throws<ArgumentException>(() => ElementPatch.Add(DicomTag.Item, DicomVr.LO, default));
    }
}
