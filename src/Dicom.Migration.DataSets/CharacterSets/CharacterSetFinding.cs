namespace Dicom.Migration.DataSets;

/// <summary>What is wrong with a term of Specific Character Set (0008,0005).</summary>
public enum CharacterSetFindingKind
{
    /// <summary>Spelt wrongly, such as ISO-IR 100; read as what is surely meant.</summary>
    MisspeltTerm = 1,
    /// <summary>Unknown; read as the default repertoire.</summary>
    UnknownTerm = 2,
    /// <summary>UTF-8, GB18030 or GBK beside other terms (PS3.3 §C.12.1.1.2); it is used alone.</summary>
    StandAloneTermAmongOthers = 3,
    /// <summary>A term without code extensions beside other terms, or a set that needs them; read as its ISO 2022 form.</summary>
    TermWithoutCodeExtensions = 4,
}

/// <summary>A finding about one term of Specific Character Set (0008,0005).</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Index">Which value, from 0.</param>
public readonly record struct CharacterSetFinding(CharacterSetFindingKind Kind, int Index);
