namespace Dicom.Migration.Dimse.Tests.Messages;

/// <summary>PS3.7 Annex C, PS3.4 §B.2.3, §C.4: every status has a consequence.</summary>
public class DimseStatusMeaningTests
{
    [Theory]
    [InlineData(0x0000, DimseService.Store, DimseConsequence.Done, FaultCode.None)]
    [InlineData(0xFF00, DimseService.Find, DimseConsequence.Continue, FaultCode.None)]
    [InlineData(0xFF00, DimseService.Store, DimseConsequence.Exception, FaultCode.Refused)]
    [InlineData(0xFE00, DimseService.Find, DimseConsequence.Truncated, FaultCode.QueryTooLarge)]
    [InlineData(0xB000, DimseService.Store, DimseConsequence.LookAtIt, FaultCode.StoredWithWarning)]
    [InlineData(0xB006, DimseService.Store, DimseConsequence.LookAtIt, FaultCode.StoredWithWarning)]
    [InlineData(0xB007, DimseService.Store, DimseConsequence.LookAtIt, FaultCode.StoredWithWarning)]
    [InlineData(0xB000, DimseService.Move, DimseConsequence.LookAtIt, FaultCode.NotDelivered)]
    [InlineData(0xA700, DimseService.Store, DimseConsequence.PausePeer, FaultCode.PeerBusy)]
    [InlineData(0xA702, DimseService.Move, DimseConsequence.PausePeer, FaultCode.PeerBusy)]
    [InlineData(0xA801, DimseService.Move, DimseConsequence.Exception, FaultCode.Refused)]
    [InlineData(0xA900, DimseService.Store, DimseConsequence.Exception, FaultCode.Refused)]
    [InlineData(0xC000, DimseService.Store, DimseConsequence.Exception, FaultCode.Refused)]
    [InlineData(0xC000, DimseService.Move, DimseConsequence.Retry, FaultCode.PeerBusy)]
    [InlineData(0x0110, DimseService.Normalized, DimseConsequence.Retry, FaultCode.PeerBusy)]
    [InlineData(0x0124, DimseService.Store, DimseConsequence.Exception, FaultCode.Refused)]
    [InlineData(0x0213, DimseService.Store, DimseConsequence.PausePeer, FaultCode.PeerBusy)]
    [InlineData(0x7777, DimseService.Store, DimseConsequence.Exception, FaultCode.Refused)]
    public void A_status_has_a_consequence(int code, DimseService service, DimseConsequence consequence, FaultCode fault)
    {
        Assert.Equal(consequence, DimseStatusMeaning.Of(new DimseStatus((ushort)code), service));
        Assert.Equal(fault, DimseStatusMeaning.FaultOf(new DimseStatus((ushort)code), service));
    }

    [Fact]
    public void Only_success_is_done_whatever_the_service()
    {
        foreach (var service in Enum.GetValues<DimseService>())
            for (var code = 1; code <= 0xFFFF; code++) Assert.NotEqual(DimseConsequence.Done, DimseStatusMeaning.Of(new DimseStatus((ushort)code), service));
    }
}
