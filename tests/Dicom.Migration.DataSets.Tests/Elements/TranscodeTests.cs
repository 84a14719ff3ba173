using Dicom.Migration.Testing;

namespace Dicom.Migration.DataSets.Tests;

public sealed class TranscodeTests
{
    private static readonly TransferSyntax[] Native = [TransferSyntax.ImplicitVrLittleEndian, TransferSyntax.ExplicitVrLittleEndian,
        TransferSyntax.ExplicitVrBigEndian, TransferSyntax.DeflatedExplicitVrLittleEndian];

    /// <summary>Units of 1, 2 and 4 bytes, tags, nested lengths of both kinds, private bytes.</summary>
    private static Bytes Sample(Bytes b) => b
        .Open(0x00081115, i => i.Short(0x00280010, "US", 0x0102).Defined(0x00081140, j => j.Header(0x00280009, "AT", 4).U16(0x0018).U16(0x1063)))
        .Text(0x00100010, "PN", "A^B ").Header(0x00186020, "SL", 4).U32(0x01020304).Short(0x00280010, "US", 0x0102)
        .Header(0x00700022, "FL", 4).U32(0x3F800000).Element(0x00091001, "UN", [1, 2, 3]);

    [Fact]
    public void Native_syntaxes_are_written_as_if_made_in_them()
    {
        (byte[] Bytes, TransferSyntax Syntax)[] samples = [(Sample(new Bytes()).ToArray(), TransferSyntax.ExplicitVrLittleEndian),
            (Sample(new Bytes(true, true)).ToArray(), TransferSyntax.ExplicitVrBigEndian), (Sample(new Bytes(false)).ToArray(), TransferSyntax.ImplicitVrLittleEndian)];
        foreach (var from in samples)
            foreach (var to in samples)
                Assert.Equal(to.Bytes, DataSet.Read(from.Bytes, from.Syntax).ToArray(to.Syntax));
    }

    [Fact]
    public void What_implicit_vr_leaves_open_is_told_by_rule()
    {
        var dataSet = DataSet.Read(new Bytes(false).Short(0x00280103, "", 1).Short(0x00280106, "", -5).Element(0x00091001, "", [1, 2]).Text(0x00100020, "", new string('x', 65_536))
            .Header(0x00091002, "", Bytes.Undefined).Item().Short(0x00280010, "", 3).EndItem().EndSequence().ToArray(), TransferSyntax.ImplicitVrLittleEndian);
        Assert.True(dataSet.TryGetValue(new DicomTag(0x0028, 0x0106), out var smallest) && smallest.TryGetInt64(out var number) && number == -5);
        Assert.Equal((byte[])[.. new Bytes(true, true).Short(0x00280103, "US", 1).Short(0x00280106, "SS", -5).Element(0x00091001, "UN", [1, 2]).Text(0x00100020, "UN", new string('x', 65_536))
            .Header(0x00091002, "UN", Bytes.Undefined).ToArray(), .. new Bytes(false).Item().Short(0x00280010, "", 3).EndItem().EndSequence().ToArray()], dataSet.ToArray(TransferSyntax.ExplicitVrBigEndian));
    }

    [Fact]
    public void Group_lengths_go_where_headers_change_their_length()
    {
        var sample = new Bytes().Header(0x00080000, "UL", 4).U32(12).Text(0x00080016, "UI", "1.2\0").ToArray();
        var dataSet = DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian);
        Assert.Equal(sample, dataSet.ToArray());
        Assert.Equal(new Bytes(false).Text(0x00080016, "", "1.2\0").ToArray(), dataSet.ToArray(TransferSyntax.ImplicitVrLittleEndian));
    }

    [Fact]
    public void Compressed_pixel_data_is_not_written_in_another_syntax()
    {
        var jpeg = DataSet.ReadFile(MadeUpInstances.Create(1, new MadeUpRecipe(MadeUpKind.CrImage, MadeUpEncoding.Jpeg)).Bytes);
        foreach (var syntax in Native)
            Assert.Equal(FaultCode.NotTranscodable, Assert.Throws<DicomFormatException>(() => jpeg.ToArray(syntax)).Fault.Code);
        var plain = DataSet.ReadFile(MadeUpInstances.Create(1, new MadeUpRecipe(MadeUpKind.CrImage)).Bytes);
        Assert.Equal(FaultCode.NotTranscodable, Assert.Throws<DicomFormatException>(() => plain.ToArray(jpeg.TransferSyntax)).Fault.Code);
    }

    /// <summary>There and back again; the canonical digest is of other code than the writer.</summary>
    [Fact]
    public void Made_up_instances_keep_their_content_in_every_native_syntax()
    {
        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        foreach (var instance in MadeUpInstances.Create(seed: 3, count: 600))
        {
            if (instance.TransferSyntax.IsEncapsulated) continue;
            var dataSet = DataSet.ReadFile(instance.Bytes);
            var expected = digest.Of(dataSet.ToArray(instance.TransferSyntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : null), instance.TransferSyntax);
            foreach (var syntax in Native)
            {
                var there = dataSet.ToArray(syntax);
                var back = DataSet.Read(there, syntax);
                Assert.True(expected.AsSpan().SequenceEqual(digest.Of(back.ToArray(syntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : null), syntax)), $"{instance.Name} in {syntax}");
                Assert.Equal(there, back.ToArray());
            }
        }
    }
}
