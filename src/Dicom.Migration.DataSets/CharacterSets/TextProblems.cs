namespace Dicom.Migration.DataSets;

/// <summary>What was wrong with the bytes of a text; the text is there all the same.</summary>
[Flags]
public enum TextProblems
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Bytes that are no character of the set in force; each became U+FFFD.</summary>
    MalformedBytes = 1,
    /// <summary>An escape sequence that PS3.3 §C.12.1.1.2 does not list; its ESC became U+FFFD.</summary>
    UnknownEscape = 2,
    /// <summary>An escape to a set that (0008,0005) does not name; it was followed.</summary>
    UndeclaredEscape = 4,
    /// <summary>A delimiter or the end came before the escape back to the first set (PS3.5 §6.1.2.5.3).</summary>
    NotReset = 8,
    /// <summary>Double-byte Shift JIS under ISO_IR 13; it was read as that.</summary>
    ShiftJis = 16,
}
