namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Which way something goes through a <see cref="FaultyProxy"/>.</summary>
internal enum Way
{
    /// <summary>From the side that connected.</summary>
    There,
    /// <summary>To the side that connected.</summary>
    Back,
}

/// <summary>What a <see cref="FaultyProxy"/> does wrong, once.</summary>
internal enum WireFaultKind
{
    /// <summary>Closes both connections behind a PDU; the position counts PDUs from 1.</summary>
    CutBehindPdu,
    /// <summary>The same at a byte, which is not passed on; the position counts bytes from 0.</summary>
    CutAtByte,
    /// <summary>Turns one bit of a byte.</summary>
    Flip,
    /// <summary>Passes nothing on any more from a byte on, and keeps both connections open.</summary>
    Stall,
}

/// <summary>One fault.</summary>
/// <param name="Kind">What happens.</param> <param name="Way">In which direction.</param> <param name="Position">Where, over all connections of the proxy.</param>
/// <param name="Bit">Which bit is turned; with an odd one a cut is a reset (RST), with an even one it is orderly (FIN).</param>
internal sealed record WireFault(WireFaultKind Kind, Way Way, long Position, int Bit = 0);
