namespace Dicom.Migration.DataSets.Tests.Dictionaries;

/// <summary>PS3.6 Annex A.</summary>
public sealed class UidRegistryTests
{
    [Theory]
    [InlineData("1.2.840.10008.1.2", "ImplicitVRLittleEndian", "Transfer Syntax", false)]
    [InlineData("1.2.840.10008.1.2.2", "ExplicitVRBigEndian", "Transfer Syntax", true)]
    [InlineData("1.2.840.10008.5.1.4.1.1.2", "CTImageStorage", "SOP Class", false)]
    public void Knows_a_uid(string uid, string keyword, string type, bool retired)
    {
        Assert.True(UidRegistry.TryGet(uid, out var entry));
        Assert.Equal((uid, keyword, type, retired), (entry.Uid, entry.Keyword, entry.Type, entry.IsRetired));
    }

    [Fact]
    public void Every_uid_is_found_again_and_is_valid() => Assert.All(UidRegistry.All, entry =>
    {
        Assert.True(DicomUid.IsValid(entry.Uid));
        Assert.True(UidRegistry.TryGet(entry.Uid, out var found));
        Assert.Equal(entry, found);
    });

    [Theory]
    [InlineData("")]
    [InlineData("1.2.840.10008.1.2.")]
    [InlineData("1.2.3")]
    public void Does_not_know_others(string uid) => Assert.False(UidRegistry.TryGet(uid, out _));
}
