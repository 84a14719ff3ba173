using Dicom.Migration.Testing;

namespace Dicom.Migration.DataSets.Tests;

public sealed class DataSetTests
{
    private static readonly DicomTag Name = new(0x0010, 0x0010), Id = new(0x0010, 0x0020), Sequence = new(0x0008, 0x1115), Terms = new(0x0008, 0x0005), Rows = new(0x0028, 0x0010);

    [Fact]
    public void A_file_is_opened_changed_and_saved()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, MadeUpInstances.Create(7, new MadeUpRecipe(MadeUpKind.CtImage) { CharacterSet = "ISO_IR 100" }).Bytes.Span);
            var dataSet = DataSet.Open(path);
            dataSet.Set(Name, "Größe^Maß");
            dataSet.Set(new DicomTag(0x0008, 0x0070), "A", "B");
            Assert.True(dataSet.Remove(Id));
            Assert.False(dataSet.Remove(Id));
            dataSet.Save(path);

            var again = DataSet.Open(path);
            Assert.Equal("Größe^Maß", again.GetString(Name));
            Assert.Equal("Gr\u00F6\u00DFe^Ma\u00DF"u8.Length - 3, again.Find(Name)!.Value.TrimEnd((byte)' ').Length); // one byte each in ISO_IR 100
            Assert.True(again.TryGetValue(new DicomTag(0x0008, 0x0070), out var maker));
            Assert.Equal(["A", "B"], maker.GetStrings());
            Assert.Null(again.Find(Id));
            Assert.Equal(dataSet.Prefix!.FileMeta.ToArray(), again.Prefix!.FileMeta.ToArray());
            Assert.Equal([path], Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_new_instance_uid_or_transfer_syntax_gets_a_new_file_meta()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var dataSet = DataSet.ReadFile(MadeUpInstances.Create(7, new MadeUpRecipe(MadeUpKind.MrImage)).Bytes);
        dataSet.Set(new DicomTag(0x0008, 0x0018), "1.2.3");
        dataSet.WriteFileTo(output, TransferSyntax.DeflatedExplicitVrLittleEndian);
        var again = DataSet.ReadFile(output.WrittenMemory);
        Assert.Equal((Part10Assumptions.None, "1.2.840.10008.1.2.1.99"), (again.Prefix!.Assumptions, again.Prefix.DeclaredTransferSyntaxUid));
        var meta = DataSet.Read(again.Prefix.FileMeta, TransferSyntax.ExplicitVrLittleEndian);
        Assert.Equal("1.2.3", meta.GetString(new DicomTag(0x0002, 0x0003)));
        Assert.Equal(dataSet.ToArray(), again.ToArray(TransferSyntax.ExplicitVrLittleEndian));
        dataSet.Remove(new DicomTag(0x0008, 0x0018));
        Assert.Equal(FaultCode.MissingIdentity, Assert.Throws<DicomFormatException>(() => dataSet.WriteFileTo(output)).Fault.Code);
    }

    [Fact]
    public void A_data_set_is_made_from_nothing()
    {
        var dataSet = new DataSet();
        dataSet.Set(DataElement.Integers(Rows, DicomVr.US, 513));
        dataSet.Set(DataElement.Sequence(Sequence, [new DataSet { DataElement.Text(Id, DicomVr.LO, ["X"]) }, new DataSet { HasUndefinedLength = true }]));
        dataSet.Set(Name, "A^B");
        Assert.Equal(new Bytes().Header(0x00081115, "SQ", 34).Item(10).Text(0x00100020, "LO", "X ").Item().EndItem()
            .Text(0x00100010, "PN", "A^B ").Short(0x00280010, "US", 513).ToArray(), dataSet.ToArray());
        Assert.Equal([Sequence, Name, Rows], dataSet.Select(e => e.Tag));
    }

    [Fact]
    public void Text_is_in_the_character_set_of_the_item_or_of_what_is_around_it()
    {
        var inner = new DataSet();
        var own = new DataSet { DataElement.Text(Terms, DicomVr.CS, ["ISO_IR 192"]) };
        var dataSet = new DataSet { DataElement.Text(Terms, DicomVr.CS, ["ISO_IR 101"]), DataElement.Sequence(Sequence, [inner, own]) };
        inner.Set(Name, "ő");
        own.Set(Name, "ő");
        Assert.Equal([0xF5, 0x20], inner.Find(Name)!.Value.ToArray());
        Assert.Equal([0xC5, 0x91], own.Find(Name)!.Value.ToArray());
        Assert.Equal(("ő", "ő"), (inner.GetString(Name), own.GetString(Name)));
        Assert.Equal(new Fault(FaultCode.TextNotEncodable, Name), Assert.Throws<DicomFormatException>(() => dataSet.Set(Name, "山")).Fault);
    }

    [Fact]
    public void An_item_is_in_one_sequence_and_never_in_itself()
    {
        var item = new DataSet();
        var dataSet = new DataSet { DataElement.Sequence(Sequence, [item]) };
        Assert.Throws<ArgumentException>(() => item.Set(DataElement.Sequence(Sequence, [item])));
        Assert.Throws<ArgumentException>(() => item.Set(DataElement.Sequence(Sequence, [dataSet])));
        Assert.Throws<ArgumentException>(() => new DataSet().Set(DataElement.Sequence(Sequence, [item])));
        dataSet.Set(DataElement.Sequence(Sequence, [.. dataSet.Find(Sequence)!.Items, new DataSet()]));
        Assert.Equal(2, dataSet.Find(Sequence)!.Items.Count);
        dataSet.Remove(Sequence);
        new DataSet().Set(DataElement.Sequence(Sequence, [item]));
    }

    /// <summary>PS3.5 §7.2 retired group lengths: a wrong one is worse than none.</summary>
    [Fact]
    public void A_change_takes_the_lengths_of_its_groups_along()
    {
        var sample = new Bytes().Header(0x00080000, "UL", 4).U32(1).Defined(0x00081115, i => i.Header(0x00100000, "UL", 4).U32(2).Text(0x00100020, "LO", "A "))
            .Header(0x00100000, "UL", 4).U32(3).Text(0x00100020, "LO", "A ").ToArray();
        var dataSet = DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian);
        dataSet.Find(Sequence)!.Items[0].Set(Id, "B");
        Assert.Equal(new Bytes().Defined(0x00081115, i => i.Text(0x00100020, "LO", "B ")).Header(0x00100000, "UL", 4).U32(3).Text(0x00100020, "LO", "A ").ToArray(), dataSet.ToArray());
    }

    [Fact]
    public void Refuses_what_is_beyond_a_limit()
    {
        var sample = new Bytes().Text(0x00100010, "PN", "A^").Text(0x00100020, "LO", "A ").Open(0x00081115, i => i.Open(0x00081140, j => j)).ToArray();
        FaultCode Fault(DataSetOptions options) => Assert.Throws<DicomFormatException>(() => DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian, options)).Fault.Code;
        Assert.Equal(FaultCode.DataSetTooLong, Fault(new DataSetOptions { MaxLength = sample.Length - 1 }));
        Assert.Equal(FaultCode.TooManyElements, Fault(new DataSetOptions { MaxElements = 5 }));
        Assert.Equal(FaultCode.NestingTooDeep, Fault(new DataSetOptions { MaxDepth = 1 }));
        Assert.Equal(3, DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian, new DataSetOptions { MaxLength = sample.Length, MaxElements = 6, MaxDepth = 2 }).Count);
        var deflated = DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian).ToArray(TransferSyntax.DeflatedExplicitVrLittleEndian);
        Assert.Equal(FaultCode.DataSetTooLong, Assert.Throws<DicomFormatException>(
            () => DataSet.Read(deflated, TransferSyntax.DeflatedExplicitVrLittleEndian, new DataSetOptions { MaxLength = sample.Length - 1 })).Fault.Code);
    }

    [Fact]
    public void Repeated_and_unsorted_elements_stay_where_they_are()
    {
        var sample = new Bytes().Text(0x00100020, "LO", "A ").Text(0x00100010, "PN", "B ").Text(0x00100020, "LO", "C ").ToArray();
        var dataSet = DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian);
        Assert.Equal(sample, dataSet.ToArray());
        dataSet.Set(Id, "D");
        dataSet.Set(DataElement.Integers(Rows, DicomVr.US, 1));
        Assert.Equal(new Bytes().Text(0x00100020, "LO", "D ").Text(0x00100010, "PN", "B ").Text(0x00100020, "LO", "C ").Short(0x00280010, "US", 1).ToArray(), dataSet.ToArray());
        Assert.True(dataSet.Remove(Id));
        Assert.Equal([Name, Rows], dataSet.Select(e => e.Tag));
    }
}
