namespace Dicom.Migration.Dimse.Transport;

/// <summary>Whether a peer holds back its next bytes until we acknowledge the last ones, as Nagle's algorithm has it: found out by waiting for them in vain.</summary>
/// <remarks>
/// One that does is found to do so again and again, and is tried ever more seldom: each try costs the time of a wait. One that was just slow for once is believed again after a few reads:
/// to acknowledge each segment takes a fifth of the time that reading takes.
/// </remarks>
/// <param name="trusted">Waits one after the other that end well, of which whoever holds back sees no so many.</param>
internal struct HoldingBack(int trusted)
{
    /// <summary>Reads between two tries, at first and at most.</summary>
    public const int First = 16, Most = 4_096;

    /// <summary>Waits after which one is believed again that holds back, or does not, at each of its fragments.</summary>
    public const int Trusted = 64;

    private int _untilNextTry;
    private int _next = First;
    private int _endedWell;

    /// <summary>Whether the next read is taken to be held back.</summary>
    public bool Next()
    {
        if (_untilNextTry == 0) return false;
        _untilNextTry--;
        return true;
    }

    /// <summary>Something came without an acknowledgement.</summary>
    public void WaitedWell()
    {
        if (_endedWell < trusted && ++_endedWell == trusted) _next = First;
    }

    /// <summary>Something came, or may still, only after one.</summary>
    public void WaitedInVain()
    {
        (_untilNextTry, _endedWell) = (_next, 0);
        _next = Math.Min(2 * _next, Most);
    }
}
