namespace Dicom.Migration;

/// <summary>Where one instance is on its way. Numbers are kept in ledgers and never reused.</summary>
public enum InstanceState
{
    /// <summary>A source lists it; nothing was sent.</summary>
    Discovered = 0,
    /// <summary>The intent to send it is durable; from now on the target may have it, whatever happens.</summary>
    Sending = 1,
    /// <summary>The target said success, which is a hint.</summary>
    Acknowledged = 2,
    /// <summary>It is not known whether the target has it: ask before sending again.</summary>
    Unknown = 3,
    /// <summary>It is at the target, at a named evidence level. Terminal.</summary>
    Verified = 4,
    /// <summary>A named rule leaves it out. Terminal.</summary>
    Excluded = 5,
    /// <summary>It was not moved, or not as it should be, for the reason that its fault names. Terminal.</summary>
    Excepted = 6,
    /// <summary>Another version or copy of it is moved in its place. Terminal.</summary>
    Superseded = 7,
}
