using System.IO.Compression;
using Dicom.Migration.DataSets;
using FsCheck.Xunit;
using static Dicom.Migration.Evidence.Tests.Made;

namespace Dicom.Migration.Evidence.Tests.Differences;

public sealed class DifferenceClassifierTests
{
    private const uint OriginalAttributes = 0x04000561, ModifiedAttributes = 0x04000550, PatientId = 0x00100020, RetrieveAeTitle = 0x00080054;
    private static readonly TransferSyntax Explicit = TransferSyntax.ExplicitVrLittleEndian;
    private static readonly byte[][] Elements = Image("2.25.9");

    [Fact]
    public async Task The_same_bytes_are_equal() => Assert.Equal(DifferenceClass.Equal, (await CompareAsync(Join(Elements), Join(Elements))).Class);

    [Fact]
    public async Task The_same_content_with_other_padding_is_encoding_only() =>
        Assert.Equal(DifferenceClass.EncodingOnly, (await CompareAsync(Join(Elements), Join(With(Text(PatientId, "LO", "ID1   "))))).Class);

    [Fact]
    public async Task The_same_content_in_implicit_vr_is_transfer_syntax_only() =>
        Assert.Equal(DifferenceClass.TransferSyntaxOnly, (await CompareAsync(Join(Elements), Join([.. Elements.Select(Implicit)]), TransferSyntax.ImplicitVrLittleEndian)).Class);

    [Fact]
    public async Task The_same_content_deflated_is_transfer_syntax_only()
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(Join(Elements));
        Assert.Equal(DifferenceClass.TransferSyntaxOnly, (await CompareAsync(Join(Elements), packed.ToArray(), TransferSyntax.DeflatedExplicitVrLittleEndian)).Class);
    }

    [Fact]
    public async Task A_changed_value_is_unexplained_and_its_tag_alone_is_named()
    {
        var difference = await CompareAsync(Join(Elements), Join(With(Text(PatientId, "LO", "CANARY"))));
        Assert.Equal((DifferenceClass.Unexplained, false), (difference.Class, difference.HasMoreTags));
        Assert.Equal([new DicomTag(PatientId)], difference.Tags);
        Assert.DoesNotContain("CANARY", difference.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_element_more_or_less_is_unexplained()
    {
        var more = With(Text(0x00090010, "LO", "MAKER"));
        Assert.Equal([new DicomTag(0x00090010)], (await CompareAsync(Join(Elements), Join(more))).Tags);
        Assert.Equal([new DicomTag(0x00090010)], (await CompareAsync(Join(more), Join(Elements))).Tags);
    }

    [Fact]
    public async Task A_change_whose_former_value_is_on_record_is_planned() =>
        Assert.Equal(DifferenceClass.PlannedChange, (await CompareAsync(Join(Elements), Changed(Text(PatientId, "LO", "ID1")))).Class);

    [Fact]
    public async Task A_change_with_another_former_value_on_record_is_unexplained() =>
        Assert.Equal(DifferenceClass.Unexplained, (await CompareAsync(Join(Elements), Changed(Text(PatientId, "LO", "ID2")))).Class);

    [Fact]
    public async Task A_change_beside_the_one_on_record_is_unexplained() =>
        Assert.Equal(DifferenceClass.Unexplained, (await CompareAsync(Join(Elements), Changed(Text(PatientId, "LO", "ID1"), Text(0x00100010, "PN", "OTHER")))).Class);

    [Fact]
    public async Task What_is_the_targets_own_to_set_is_a_change_by_the_target() =>
        Assert.Equal(DifferenceClass.ChangedByTarget, (await CompareAsync(Join(Elements), Join(With(Text(RetrieveAeTitle, "AE", "VNA"))))).Class);

    [Fact]
    public async Task What_ends_in_the_middle_of_an_element_is_unreadable() =>
        Assert.Equal(DifferenceClass.Unreadable, (await CompareAsync(Join(Elements), Join(Elements)[..^10])).Class);

    [Fact]
    public async Task No_more_tags_are_named_than_the_limit()
    {
        using var classifier = new DifferenceClassifier(new DifferenceOptions { MaxTags = 2 });
        var difference = await classifier.ClassifyAsync(Pipe(Join(Elements)), Explicit, Pipe(Join(Elements[..2])), Explicit, TestContext.Current.CancellationToken);
        Assert.Equal((2, true), (difference.Tags.Count, difference.HasMoreTags));
    }

    [Fact]
    public async Task An_object_with_more_elements_than_the_limit_is_not_held_in_memory()
    {
        using var classifier = new DifferenceClassifier(new DifferenceOptions { MaxElements = 3 });
        var difference = await classifier.ClassifyAsync(Pipe(Join(Elements)), Explicit, Pipe(Join(With(Text(PatientId, "LO", "X")))), Explicit, TestContext.Current.CancellationToken);
        Assert.Equal((DifferenceClass.Unexplained, 0), (difference.Class, difference.Tags.Count));
    }

    [Property(MaxTest = 300)]
    public async Task<bool> Whatever_a_target_sends_back_is_classed_and_nothing_but_the_same_bytes_is_equal(byte[] noise, int at)
    {
        var (sent, found) = (Join(Elements), Join(Elements).ToList());
        found.InsertRange((int)((uint)at % (uint)found.Count), noise);
        return (await CompareAsync(sent, [.. found])).Class == DifferenceClass.Equal == (noise.Length == 0);
    }

    private static async Task<Difference> CompareAsync(byte[] sent, byte[] found, TransferSyntax? syntax = null)
    {
        using var classifier = new DifferenceClassifier();
        return await classifier.ClassifyAsync(Pipe(sent), Explicit, Pipe(found), syntax ?? Explicit, TestContext.Current.CancellationToken);
    }

    private static byte[][] With(params byte[][] others) => [.. Elements.Where(e => others.All(o => TagOf(o) != TagOf(e))).Concat(others).OrderBy(TagOf)];

    /// <summary>Patient ID changed to NEW, and what it was before on record (PS3.3 §C.12.1.1.9).</summary>
    private static byte[] Changed(byte[] former, params byte[][] others) =>
        Join(With([Text(PatientId, "LO", "NEW"), Element(OriginalAttributes, "SQ", Item(Element(ModifiedAttributes, "SQ", Item(former)), Text(0x04000563, "LO", "MIGRATION"))), .. others]));
}
