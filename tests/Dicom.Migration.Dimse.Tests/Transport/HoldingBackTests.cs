using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse.Tests.Transport;

/// <summary>What is thought of a peer after waits that ended well or in vain.</summary>
public class HoldingBackTests
{
    [Fact]
    public void A_peer_that_holds_back_is_tried_ever_more_seldom()
    {
        var peer = new HoldingBack(HoldingBack.Trusted);
        Assert.False(peer.Next());
        for (var reads = HoldingBack.First; reads <= 4 * HoldingBack.Most; reads *= 2)
        {
            peer.WaitedInVain();
            Assert.Equal(Math.Min(reads, HoldingBack.Most), CountHeldBack(ref peer));
            for (var i = 1; i < HoldingBack.Trusted; i++) peer.WaitedWell(); // some of what it sends comes at once
        }
    }

    [Fact]
    public void A_peer_that_is_slow_once_in_a_while_is_soon_believed_again()
    {
        var peer = new HoldingBack(HoldingBack.Trusted);
        for (var i = 0; i < 20; i++)
        {
            peer.WaitedInVain();
            Assert.Equal(HoldingBack.First, CountHeldBack(ref peer));
            for (var well = 0; well < HoldingBack.Trusted; well++) peer.WaitedWell();
        }
    }

    private static int CountHeldBack(ref HoldingBack peer)
    {
        var count = 0;
        while (peer.Next()) count++;
        return count;
    }
}
