using System.Globalization;

namespace Dicom.Migration.Dimse;

/// <summary>Status (0000,0900) of a response (PS3.7 Annex C).</summary>
/// <param name="Code">The number on the wire.</param>
public readonly record struct DimseStatus(ushort Code)
{
    /// <summary>0000: success.</summary>
    public static DimseStatus Success => new(0x0000);
    /// <summary>0110: processing failure (PS3.7 §C.5.14).</summary>
    public static DimseStatus ProcessingFailure => new(0x0110);
    /// <summary>0117: invalid SOP instance (PS3.7 §C.5.9).</summary>
    public static DimseStatus InvalidInstance => new(0x0117);
    /// <summary>0124: refused, not authorized (PS3.7 §C.5.16).</summary>
    public static DimseStatus NotAuthorized => new(0x0124);
    /// <summary>0211: unrecognized operation (PS3.7 §C.5.22).</summary>
    public static DimseStatus UnrecognizedOperation => new(0x0211);
    /// <summary>A700: out of resources (PS3.4 §B.2.3).</summary>
    public static DimseStatus OutOfResources => new(0xA700);

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
