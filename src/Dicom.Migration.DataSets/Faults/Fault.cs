using Dicom.Migration.DataSets;

namespace Dicom.Migration;

/// <summary>What went wrong: kept in the ledger, counted in reports, mapped to a DIMSE status.</summary>
/// <remarks>Says where, never what: faults are logged, and attribute values are patient data.</remarks>
/// <param name="Code">Stable number, listed with its remedy in <c>docs/faults.md</c>.</param>
/// <param name="Tag">The attribute at fault, if one is.</param>
/// <param name="Offset">In bytes, in the instance, if known.</param>
public readonly record struct Fault(FaultCode Code, DicomTag? Tag = null, long? Offset = null)
{
    /// <summary>Whether the same request, unchanged, may succeed later.</summary>
    public bool IsTransient => Code is FaultCode.PeerUnreachable or FaultCode.PeerClosedEarly or FaultCode.PeerBusy
        or FaultCode.PeerTimeout or FaultCode.ReadFailed or FaultCode.SpoolCorrupted;

    /// <summary>Whether what ended so is taken up by the next run: it may have passed, or been mended by somebody, and nothing but asking tells.</summary>
    public bool IsWorthAnotherRun => IsTransient || Code is FaultCode.NotDelivered or FaultCode.NotOnline or FaultCode.MissingAtTarget;

    /// <summary>Code, tag and offset; no value of a data set.</summary>
    public override string ToString() => (Tag, Offset) switch
    {
        ({ } tag, { } offset) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Code} ({(int)Code}) at {tag}, byte {offset}"),
        ({ } tag, null) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Code} ({(int)Code}) at {tag}"),
        (null, { } offset) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Code} ({(int)Code}) at byte {offset}"),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Code} ({(int)Code})"),
    };
}
