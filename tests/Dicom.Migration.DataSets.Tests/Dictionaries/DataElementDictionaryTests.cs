namespace Dicom.Migration.DataSets.Tests.Dictionaries;

/// <summary>PS3.6 §6 and the rules of PS3.5 §7 for what is not in a table.</summary>
public sealed class DataElementDictionaryTests
{
    [Theory]
    [InlineData(0x00100010u, "PatientName", "Patient's Name", "PN", "1", false)]
    [InlineData(0x00080005u, "SpecificCharacterSet", "Specific Character Set", "CS", "1-n", false)]
    [InlineData(0x00000900u, "Status", "Status", "US", "1", false)]
    [InlineData(0x00081140u, "ReferencedImageSequence", "Referenced Image Sequence", "SQ", "1", false)]
    [InlineData(0x7FE00010u, "PixelData", "Pixel Data", "OW", "1", false)]
    [InlineData(0x60023000u, "OverlayData", "Overlay Data", "OW", "1", false)]
    [InlineData(0x501E3000u, "CurveData", "Curve Data", "OW", "1", true)]
    [InlineData(0x00280106u, "SmallestImagePixelValue", "Smallest Image Pixel Value", "US", "1", false)]
    [InlineData(0x00283006u, "LUTData", "LUT Data", "OW", "1-n", false)]
    [InlineData(0x00090010u, "PrivateCreator", "Private Creator", "LO", "1", false)]
    [InlineData(0x10100000u, "GenericGroupLength", "Generic Group Length", "UL", "1", true)]
    public void Knows_an_element(uint tag, string keyword, string name, string vr, string multiplicity, bool retired)
    {
        Assert.True(DataElementDictionary.TryGet(new DicomTag(tag), out var entry));
        Assert.Equal((new DicomTag(tag), keyword, name, vr, multiplicity, retired),
            (entry.Tag, entry.Keyword, entry.Name, entry.Vr.ToString(), entry.Multiplicity, entry.IsRetired));
        Assert.Equal(entry.Vr, DataElementDictionary.VrOf(new DicomTag(tag)));
    }

    [Theory]
    [InlineData(0x00091001u, "UN")] // private
    [InlineData(0x00090001u, "UN")] // in a private group below the creators
    [InlineData(0x000900FFu, "LO")] // the last creator
    [InlineData(0x00090000u, "UL")] // group length, private too
    [InlineData(0x00080000u, "UL")]
    [InlineData(0x0008FFFFu, "UN")] // not in the standard
    [InlineData(0x60013000u, "UN")] // odd: private, not an overlay
    [InlineData(0xFFFEE000u, "??")] // an item has no VR
    public void Gives_a_vr_by_rule_where_no_table_does(uint tag, string vr) =>
        Assert.Equal(vr, DataElementDictionary.VrOf(new DicomTag(tag)).ToString());

    [Theory]
    [InlineData(0x00091001u)]
    [InlineData(0x0008FFFFu)]
    public void Does_not_know_private_and_unknown_elements(uint tag) => Assert.False(DataElementDictionary.TryGet(new DicomTag(tag), out _));

    [Fact]
    public void Names_the_other_choice_of_an_ambiguous_vr()
    {
        Assert.True(DataElementDictionary.TryGet(new DicomTag(0x00280106), out var pixel));
        Assert.True(DataElementDictionary.TryGet(new DicomTag(0x7FE00010), out var data));
        Assert.True(DataElementDictionary.TryGet(new DicomTag(0x00283006), out var table));
        Assert.Equal([DicomVr.SS, DicomVr.OB, DicomVr.US], [pixel.AlternativeVr, data.AlternativeVr, table.AlternativeVr]);
    }

    [Fact]
    public void Every_plain_tag_is_found_by_its_keyword_and_every_vr_is_known()
    {
        for (var i = 0; i < DataElementTable.FirstRepeating; i++)
        {
            Assert.True(DataElementDictionary.TryGet(new DicomTag(DataElementTable.Tags[i]), out var entry));
            Assert.True(entry.Vr.IsKnown || entry.Tag.Group == 0xFFFE);
            if (entry.Keyword.Length == 0) continue;
            Assert.True(DataElementDictionary.TryGetTag(entry.Keyword, out var tag));
            Assert.Equal(entry.Tag, tag);
        }
    }

    [Theory]
    [InlineData("OverlayData", 0x60003000u)]
    [InlineData("PixelData", 0x7FE00010u)]
    public void Finds_a_tag_by_keyword(string keyword, uint tag)
    {
        Assert.True(DataElementDictionary.TryGetTag(keyword, out var found));
        Assert.Equal(tag, found.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("patientname")]
    [InlineData("PatientNam")]
    [InlineData("PatientNamee")]
    [InlineData("患者")]
    public void Does_not_find_what_is_no_keyword(string keyword) => Assert.False(DataElementDictionary.TryGetTag(keyword, out _));
}
