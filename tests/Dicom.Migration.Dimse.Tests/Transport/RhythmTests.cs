using Dicom.Migration.Dimse.Transport;
using FsCheck.Xunit;

namespace Dicom.Migration.Dimse.Tests.Transport;

/// <summary>What is waited for of a peer that sends about the same again and again.</summary>
public class RhythmTests
{
    private const int Ct = 526_000;

    [Fact]
    public void Turns_of_one_size_are_waited_for_in_equal_parts_to_their_last_byte()
    {
        var rhythm = new Rhythm();
        for (var i = 0; i < 5; i++) Come(ref rhythm, Ct + i); // a number of one more digit
        var waits = 0;
        for (var rest = Ct; rest > 0; waits++)
        {
            var part = rhythm.Expect(1);
            Assert.InRange(part, Ct / 2, Math.Min(rest, Rhythm.Most));
            rhythm.Came(part);
            rest -= part;
        }

        Assert.Equal(2, waits);
        Assert.Equal(13, rhythm.Expect(13)); // what comes beyond is not known of
    }

    [Theory, InlineData(Ct, Ct + 2 * Rhythm.Tolerance), InlineData(Ct, 10_000), InlineData(10_000, Ct)]
    public void Turns_that_are_not_alike_are_waited_for_as_they_come(int one, int other)
    {
        var rhythm = new Rhythm();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(13, rhythm.Expect(13));
            Come(ref rhythm, i % 2 == 0 ? one : other);
        }
    }

    [Fact]
    public void A_peer_that_changes_its_mind_again_and_again_is_waited_for_ever_more_seldom()
    {
        var (rhythm, misses) = (new Rhythm(), 0);
        for (var turn = 0; turn < 10_000; turn++)
        {
            if (rhythm.Expect(1) > 1)
            {
                misses++;
                rhythm.Missed();
            }

            Come(ref rhythm, Ct);
        }

        Assert.InRange(misses, 2, 12); // after 16, 32, 64 ... 4,096 turns
    }

    [Fact]
    public void An_answer_that_we_send_in_pieces_is_one_turn()
    {
        var rhythm = new Rhythm();
        for (var i = 0; i < 3; i++)
        {
            Come(ref rhythm, Ct);
            rhythm.Turn();
            rhythm.Turn();
        }

        Assert.Equal(Ct / 2, rhythm.Expect(1));
    }

    [Property(MaxTest = 500)]
    public bool What_is_waited_for_is_never_less_than_what_is_on_its_way_and_never_more_than_the_limit(int[] turns, int least)
    {
        var rhythm = new Rhythm();
        least = 1 + (least & 0xFFFFF);
        foreach (var turn in turns)
        {
            Come(ref rhythm, turn & int.MaxValue);
            if (rhythm.Expect(least) is var most && (most < least || most > Math.Max(least, Rhythm.Most))) return false;
        }

        return true;
    }

    private static void Come(ref Rhythm rhythm, int count)
    {
        rhythm.Came(count);
        rhythm.Turn();
    }
}
