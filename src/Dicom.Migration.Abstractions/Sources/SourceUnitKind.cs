namespace Dicom.Migration;

/// <summary>What a source is asked for at once.</summary>
public enum SourceUnitKind
{
    /// <summary>A study, by its Study Instance UID.</summary>
    Study,
    /// <summary>A series, by its Series Instance UID.</summary>
    Series,
    /// <summary>A file, which may be a container of many.</summary>
    File,
}
