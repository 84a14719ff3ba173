namespace Dicom.Migration;

/// <summary>What a target did with an instance.</summary>
public enum StoreDisposition
{
    /// <summary>It does not hold the instance, or cannot vouch for it.</summary>
    NotStored,
    /// <summary>It stored the instance.</summary>
    Stored,
    /// <summary>It held the same bytes before; nothing changed.</summary>
    AlreadyThere,
    /// <summary>It held other bytes under the same SOP Instance UID, and now holds both.</summary>
    StoredBeside,
}
