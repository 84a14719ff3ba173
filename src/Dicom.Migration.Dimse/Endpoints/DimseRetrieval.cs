namespace Dicom.Migration.Dimse;

/// <summary>How instances are read from an archive.</summary>
public enum DimseRetrieval
{
    /// <summary>C-GET (PS3.4 §C.4.3): over the association that asks. Needs nothing to be set up at the archive but the AE title.</summary>
    Get,
    /// <summary>C-MOVE (PS3.4 §C.4.2) to a listener of this side, whose address the archive has to know.</summary>
    Move,
}
