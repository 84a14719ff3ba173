namespace Dicom.Migration;

/// <summary>Something in a unit that is no instance to move: unreadable, or left out by a named rule. It is accounted for like an instance.</summary>
public sealed class SourceFinding : SourceItem
{
    /// <summary>It should have been an instance, and cannot be read.</summary>
    /// <param name="place">Where in the unit it stands.</param>
    /// <param name="fault">Why it cannot be read.</param>
    public SourceFinding(string place, Fault fault) : base(place) => Fault = fault;

    /// <summary>It is left out on purpose.</summary>
    /// <param name="place">Where in the unit it stands.</param>
    /// <param name="exclusion">The rule, such as <see cref="NotDicom"/>.</param>
    public SourceFinding(string place, string exclusion) : base(place)
    {
        ArgumentException.ThrowIfNullOrEmpty(exclusion);
        Exclusion = exclusion;
    }

    /// <summary>Rule for files that show no sign of DICOM.</summary>
    public const string NotDicom = "not-dicom";
    /// <summary>Rule for files of no bytes.</summary>
    public const string EmptyFile = "empty-file";
    /// <summary>Rule for DICOMDIR files, which index instances and are none.</summary>
    public const string MediaDirectory = "media-directory";
    /// <summary>Rule for instances that a unit was said to have, and that its source neither lists nor sends; one line a unit, with <see cref="Instances"/>.</summary>
    public const string ContradictedCount = "contradicted-count";

    /// <summary>What is wrong, unless it is excluded.</summary>
    public Fault? Fault { get; }
    /// <summary>The rule that leaves it out, unless there is a fault.</summary>
    public string? Exclusion { get; }
    /// <summary>How many instances the unit has after all, if the number that its source gave before is contradicted by all else that the source shows.</summary>
    public int? Instances { get; init; }
}
