namespace Dicom.Migration.Dimse.Transport;

/// <summary>How much a peer sends between two sends of ours: a series of images of one size, each of them answered, goes by the same number of bytes again and again.</summary>
/// <remarks>
/// What is known to be on its way is waited for in a few long waits instead of one for each fragment: to be put to sleep and woken is most of what receiving costs.
/// A guess that is too high costs one short wait, and is made ever more seldom.
/// </remarks>
internal struct Rhythm()
{
    /// <summary>How far the turns of a series may be apart: numbers and UIDs of some digits more or less, in bytes.</summary>
    public const int Tolerance = 1_024;

    /// <summary>The most that is waited for at once, in bytes: the peer is to send while we read.</summary>
    public const int Most = 294_912;

    private const int Trusted = 8; // waits: whoever holds back the end of each turn keeps one or two of them, and whoever is not let run for once by his system many
    private HoldingBack _misses = new(Trusted); // a peer of no rhythm is asked for one as seldom as one that holds back
    private int _least;
    private int _turns;
    private int _came;

    /// <summary>So many bytes came.</summary>
    public void Came(int count) => _came = (int)Math.Min((long)_came + count, int.MaxValue);

    /// <summary>We have sent something: what comes now belongs to the next turn.</summary>
    public void Turn()
    {
        if (_came == 0) return;
        if (_turns > 0 && Math.Abs((long)_came - _least) <= Tolerance) (_turns, _least) = (2, Math.Min(_least, _came));
        else (_turns, _least) = (1, _came);
        _came = 0;
    }

    /// <summary>How many bytes to wait for at once.</summary>
    /// <param name="least">How many are on their way in any case.</param>
    /// <returns>No fewer; more if all the turns that count were alike.</returns>
    public int Expect(int least)
    {
        var rest = _turns < 2 ? 0 : _least - _came;
        if (rest <= least || _misses.Next()) return least;
        var waits = 1 + (rest - 1) / Most;
        return Math.Max(least, 1 + (rest - 1) / waits);
    }

    /// <summary>As much as was expected came.</summary>
    public void Kept() => _misses.WaitedWell();

    /// <summary>It did not.</summary>
    public void Missed()
    {
        _misses.WaitedInVain();
        (_turns, _came) = (0, 0);
    }
}
