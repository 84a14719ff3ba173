using System.Globalization;

namespace Dicom.Migration.Dimse;

/// <summary>Status (0000,0900) of a response (PS3.7 Annex C). What to do about it depends on the service: <see cref="DimseStatusMeaning"/>.</summary>
/// <param name="Code">The number on the wire.</param>
public readonly record struct DimseStatus(ushort Code)
{
    /// <summary>0000: success.</summary>
    public static DimseStatus Success => new(0x0000);
    /// <summary>FF00: this is a match, or a sub-operation is over; more responses follow.</summary>
    public static DimseStatus Pending => new(0xFF00);
    /// <summary>FF01: this is a match, with optional keys that were not matched; more responses follow (PS3.4 §C.4.1.1.4).</summary>
    public static DimseStatus PendingWithWarning => new(0xFF01);
    /// <summary>FE00: ended by C-CANCEL; without one, the peer truncated its answer.</summary>
    public static DimseStatus Cancel => new(0xFE00);
    /// <summary>0110: processing failure (PS3.7 §C.5.14).</summary>
    public static DimseStatus ProcessingFailure => new(0x0110);
    /// <summary>0112: no such SOP instance (PS3.7 §C.5.11).</summary>
    public static DimseStatus NoSuchInstance => new(0x0112);
    /// <summary>0117: invalid SOP instance (PS3.7 §C.5.9).</summary>
    public static DimseStatus InvalidInstance => new(0x0117);
    /// <summary>0122: SOP class not supported (PS3.7 §C.5.18).</summary>
    public static DimseStatus SopClassNotSupported => new(0x0122);
    /// <summary>0124: refused, not authorized (PS3.7 §C.5.16).</summary>
    public static DimseStatus NotAuthorized => new(0x0124);
    /// <summary>0211: unrecognized operation (PS3.7 §C.5.22).</summary>
    public static DimseStatus UnrecognizedOperation => new(0x0211);
    /// <summary>A700: out of resources (PS3.4 §B.2.3).</summary>
    public static DimseStatus OutOfResources => new(0xA700);
    /// <summary>A702: out of resources, no sub-operation could be performed (PS3.4 §C.4.2.1.5).</summary>
    public static DimseStatus SubOperationsImpossible => new(0xA702);
    /// <summary>A801: the move destination is not known (PS3.4 §C.4.2.1.5).</summary>
    public static DimseStatus MoveDestinationUnknown => new(0xA801);
    /// <summary>A900: the identifier, or the data set, does not match the SOP class.</summary>
    public static DimseStatus DoesNotMatchSopClass => new(0xA900);
    /// <summary>B000: sub-operations are complete, and some failed or had a warning (PS3.4 §C.4.2.1.5); of a C-STORE: elements were coerced.</summary>
    public static DimseStatus SubOperationsWithFailures => new(0xB000);

    /// <summary>Success, without a warning.</summary>
    public bool IsSuccess => Code == 0;
    /// <summary>Stored or done, with a warning: 0001, 0107, 0116 or Bxxx.</summary>
    public bool IsWarning => Code is 0x0001 or 0x0107 or 0x0116 || Code >> 12 == 0xB;
    /// <summary>Cancelled: FE00.</summary>
    public bool IsCancel => Code == 0xFE00;
    /// <summary>More responses follow: FF00, FF01.</summary>
    public bool IsPending => Code is 0xFF00 or 0xFF01;
    /// <summary>None of the above.</summary>
    public bool IsFailure => !IsSuccess && !IsWarning && !IsCancel && !IsPending;

    /// <summary>Four hexadecimal digits.</summary>
    public override string ToString() => Code.ToString("X4", CultureInfo.InvariantCulture);
}
