namespace Dicom.Migration.DataSets;

/// <summary>A value representation: two letters (PS3.5 §6.2). The default value means that none was read, as in Implicit VR.</summary>
/// <param name="Code">First letter in the high byte, second in the low byte.</param>
public readonly record struct DicomVr(ushort Code)
{
    /// <summary>Application Entity.</summary>
    public static DicomVr AE => new(0x4145);
    /// <summary>Age String.</summary>
    public static DicomVr AS => new(0x4153);
    /// <summary>Attribute Tag.</summary>
    public static DicomVr AT => new(0x4154);
    /// <summary>Code String.</summary>
    public static DicomVr CS => new(0x4353);
    /// <summary>Date.</summary>
    public static DicomVr DA => new(0x4441);
    /// <summary>Decimal String.</summary>
    public static DicomVr DS => new(0x4453);
    /// <summary>Date Time.</summary>
    public static DicomVr DT => new(0x4454);
    /// <summary>Floating Point Double.</summary>
    public static DicomVr FD => new(0x4644);
    /// <summary>Floating Point Single.</summary>
    public static DicomVr FL => new(0x464C);
    /// <summary>Integer String.</summary>
    public static DicomVr IS => new(0x4953);
    /// <summary>Long String.</summary>
    public static DicomVr LO => new(0x4C4F);
    /// <summary>Long Text.</summary>
    public static DicomVr LT => new(0x4C54);
    /// <summary>Other Byte.</summary>
    public static DicomVr OB => new(0x4F42);
    /// <summary>Other Double.</summary>
    public static DicomVr OD => new(0x4F44);
    /// <summary>Other Float.</summary>
    public static DicomVr OF => new(0x4F46);
    /// <summary>Other Long.</summary>
    public static DicomVr OL => new(0x4F4C);
    /// <summary>Other 64-bit Very Long.</summary>
    public static DicomVr OV => new(0x4F56);
    /// <summary>Other Word.</summary>
    public static DicomVr OW => new(0x4F57);
    /// <summary>Person Name.</summary>
    public static DicomVr PN => new(0x504E);
    /// <summary>Short String.</summary>
    public static DicomVr SH => new(0x5348);
    /// <summary>Signed Long.</summary>
    public static DicomVr SL => new(0x534C);
    /// <summary>Sequence of Items.</summary>
    public static DicomVr SQ => new(0x5351);
    /// <summary>Signed Short.</summary>
    public static DicomVr SS => new(0x5353);
    /// <summary>Short Text.</summary>
    public static DicomVr ST => new(0x5354);
    /// <summary>Signed 64-bit Very Long.</summary>
    public static DicomVr SV => new(0x5356);
    /// <summary>Time.</summary>
    public static DicomVr TM => new(0x544D);
    /// <summary>Unlimited Characters.</summary>
    public static DicomVr UC => new(0x5543);
    /// <summary>Unique Identifier.</summary>
    public static DicomVr UI => new(0x5549);
    /// <summary>Unsigned Long.</summary>
    public static DicomVr UL => new(0x554C);
    /// <summary>Unknown.</summary>
    public static DicomVr UN => new(0x554E);
    /// <summary>Universal Resource Identifier.</summary>
    public static DicomVr UR => new(0x5552);
    /// <summary>Unsigned Short.</summary>
    public static DicomVr US => new(0x5553);
    /// <summary>Unlimited Text.</summary>
    public static DicomVr UT => new(0x5554);
    /// <summary>Unsigned 64-bit Very Long.</summary>
    public static DicomVr UV => new(0x5556);

    /// <summary>Two capital letters, known to the standard or not.</summary>
    public bool IsWellFormed => (byte)(Code >> 8) is >= (byte)'A' and <= (byte)'Z' && (byte)Code is >= (byte)'A' and <= (byte)'Z';

    /// <summary>One of the VRs of PS3.5 §6.2.</summary>
    public bool IsKnown => Code is 0x4145 or 0x4153 or 0x4154 or 0x4353 or 0x4441 or 0x4453 or 0x4454 or 0x4644 or 0x464C or 0x4953 or 0x4C4F or 0x4C54 or 0x4F42 or 0x4F44 or 0x4F46 or 0x4F4C or 0x4F56 or 0x4F57 or 0x504E or 0x5348 or 0x534C or 0x5351 or 0x5353 or 0x5354 or 0x5356 or 0x544D or 0x5543 or 0x5549 or 0x554C or 0x554E or 0x5552 or 0x5553 or 0x5554 or 0x5556;

    /// <summary>In Explicit VR: two reserved bytes and a 32-bit length follow, not a 16-bit length (PS3.5 §7.1.2). An unknown VR is read so too.</summary>
    public bool HasLongLength => Code is not (0x4145 or 0x4153 or 0x4154 or 0x4353 or 0x4441 or 0x4453 or 0x4454 or 0x4644 or 0x464C or 0x4953 or 0x4C4F or 0x4C54 or 0x504E or 0x5348 or 0x534C or 0x5353 or 0x5354 or 0x544D or 0x5549 or 0x554C or 0x5553);

    /// <summary>Text in the repertoire of (0008,0005): LO, LT, PN, SH, ST, UC, UT.</summary>
    public bool UsesSpecificCharacterSet => Code is 0x4C4F or 0x4C54 or 0x504E or 0x5348 or 0x5354 or 0x5543 or 0x5554;

    /// <summary>Characters, of any repertoire.</summary>
    public bool IsText => UsesSpecificCharacterSet || Code is 0x4145 or 0x4153 or 0x4353 or 0x4441 or 0x4453 or 0x4454 or 0x4953 or 0x544D or 0x5549 or 0x5552;

    /// <summary>Bytes that are swapped as one between Little and Big Endian (PS3.5 §7.3): 1, 2, 4 or 8.</summary>
    public int UnitLength => Code switch
    {
        0x4154 or 0x4F57 or 0x5353 or 0x5553 => 2,
        0x464C or 0x4F46 or 0x4F4C or 0x534C or 0x554C => 4,
        0x4644 or 0x4F44 or 0x4F56 or 0x5356 or 0x5556 => 8,
        _ => 1,
    };

    /// <summary>The byte that fills a value to even length: NUL for UI, OB and UN, a space for other text (PS3.5 §6.2).</summary>
    public byte PaddingByte => IsText && Code != 0x5549 ? (byte)' ' : (byte)0;

    /// <summary>The two letters, or "??" where they are none.</summary>
    public override string ToString() => IsWellFormed ? new string([(char)(Code >> 8), (char)(Code & 0xFF)]) : "??";
}
