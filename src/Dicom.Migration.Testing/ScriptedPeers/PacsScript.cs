using Dicom.Migration.Dimse;

namespace Dicom.Migration.Testing;

/// <summary>What a <see cref="ScriptedPacs"/> does with an object whose SOP Instance UID it holds, with other content.</summary>
public enum PacsDuplicates
{
    /// <summary>Refuses it: 0111, duplicate SOP instance.</summary>
    Refused,
    /// <summary>Says success, and keeps what it has.</summary>
    OldIsKept,
    /// <summary>Says success, and lets it take the place of what it has.</summary>
    NewReplaces,
}

/// <summary>How a <see cref="ScriptedPacs"/> behaves: well, unless told otherwise. Each member is one misbehaviour that archives are known for.</summary>
public sealed record PacsScript
{
    /// <summary>Whether a context is accepted. Default: all.</summary>
    public Func<ContextProposal, bool> Accepts { get; init; } = static _ => true;
    /// <summary>Whether an association is. Default: all.</summary>
    public Func<AssociationInfo, AssociationDecision> Admits { get; init; } = static _ => AssociationDecision.Accept;

    /// <summary>Most associations at a time; one more is rejected for now. 0 is no limit.</summary>
    public int MostAssociations { get; init; }

    /// <summary>Most matches that a query gets; 0 is no limit.</summary>
    public int MaxMatches { get; init; }
    /// <summary>Whether a query that is cut so ends with FE00; otherwise it says success.</summary>
    public bool TellsCut { get; init; }
    /// <summary>Lists studies of any Study Time, whatever time a query asks for.</summary>
    public bool IgnoresStudyTime { get; init; }
    /// <summary>Queries do not match by patient ID, nor by modality: all studies of the other keys are listed.</summary>
    public bool IgnoresPatientIdAndModality { get; init; }
    /// <summary>The first match of each query is followed by one that is no data set.</summary>
    public bool SendsUnreadableMatches { get; init; }
    /// <summary>Queries find the same again and again, without an end.</summary>
    public bool FindsForEver { get; init; }
    /// <summary>The same of queries for instances alone.</summary>
    public bool FindsInstancesForEver { get; init; }
    /// <summary>Answer to a query for a list of SOP Instance UIDs; <see langword="null"/> for the matches.</summary>
    public DimseStatus? AnswersLists { get; init; }
    /// <summary>What becomes of the encoded data set of an answer to a query.</summary>
    public Func<byte[], byte[]> Encodes { get; init; } = static answer => answer;
    /// <summary>Leaves Number of Study Related Instances and its like out of answers.</summary>
    public bool GivesNoCounts { get; init; }
    internal Func<int, int> Counts { get; init; } = static held => held;
    /// <summary>Leaves SOP Class UID out of answers.</summary>
    public bool GivesNoSopClass { get; init; }
    /// <summary>Finds an instance by its SOP Instance UID alone, whatever study and series are asked for with it.</summary>
    public bool FindsInstancesByUidAlone { get; init; }
    /// <summary>Instance Availability (0008,0056); empty leaves it out.</summary>
    public string Availability { get; init; } = "";

    /// <summary>The same of single instances; of a series or study it says OFFLINE if it does of one of them, and ONLINE otherwise.</summary>
    public Func<PacsInstance, string>? AvailabilityOf { get; init; }
    /// <summary>Rows for instances that have a SOP Instance UID which is none.</summary>
    public Func<PacsInstance, bool> ListsMalformed { get; init; } = static _ => false;
    /// <summary>Cuts queries below studies alone.</summary>
    public bool CutsBelowStudies { get; init; }
    /// <summary>How long it is silent before it sends, as one that fetches a tape.</summary>
    public TimeSpan StagingTime { get; init; }
    /// <summary>What it answers to a retrieval, instead of sending; its number among all retrievals, from 1, and what it would send. Default: it sends.</summary>
    public Func<int, IReadOnlyList<PacsInstance>, DimseStatus?> RetrievalStatus { get; init; } = static (_, _) => null;
    /// <summary>Whose data set it sends under the UID of an instance. Default: that instance's.</summary>
    public Func<PacsInstance, PacsInstance> SendsInstead { get; init; } = static instance => instance;
    /// <summary>Answers a C-MOVE with success before it has sent anything.</summary>
    public bool SaysMovedEarly { get; init; }
    /// <summary>Instances that it lists, and never sends; it says success all the same.</summary>
    public Func<PacsInstance, bool> Withholds { get; init; } = static _ => false;
    /// <summary>Sends each instance twice.</summary>
    public bool SendsTwice { get; init; }
    /// <summary>Sends instances of other studies along.</summary>
    public bool SendsUnrequested { get; init; }
    /// <summary>Sends each instance under a SOP Instance UID that it does not list.</summary>
    public bool SendsUnderNewUids { get; init; }
    /// <summary>Answers a C-GET with pending responses without an end, and sends nothing.</summary>
    public bool IsPendingForEver { get; init; }
    /// <summary>Stops in the middle of each instance that it sends.</summary>
    public bool StopsInMidSending { get; init; }

    /// <summary>Aborts the association after so many bytes of an instance that it sends, before it says that it was all; below 0 for an instance that it sends whole.</summary>
    public Func<PacsInstance, int>? AbortsAt { get; init; }
    /// <summary>Sends one byte of an instance in each such time; zero sends as fast as can be.</summary>
    public TimeSpan PauseBetweenBytes { get; init; }

    /// <summary>Answer to a C-STORE of what it takes. Default: success.</summary>
    public Func<StoreIndication, DimseStatus> StoreStatus { get; init; } = static _ => DimseStatus.Success;
    /// <summary>Says success, and stores nothing.</summary>
    public bool StoresNothing { get; init; }
    /// <summary>What it does with another object under a UID that it holds.</summary>
    public PacsDuplicates Duplicates { get; init; }
    /// <summary>Stores objects under SOP Instance UIDs of its own.</summary>
    public bool StoresUnderNewUids { get; init; }
    /// <summary>Changes the Patient ID (0010,0020) of what it stores.</summary>
    public bool Coerces { get; init; }
    /// <summary>Queries and retrievals do not find what was stored, until so many of them were made after it.</summary>
    public int InvisibleToRequests { get; init; }

    /// <summary>Has no storage commitment.</summary>
    public bool HasNoCommitment { get; init; }
    /// <summary>Answer to a request for storage commitment to so many instances, by their UIDs. Default: success.</summary>
    public Func<IReadOnlyList<string>, DimseStatus> CommitmentStatus { get; init; } = static _ => DimseStatus.Success;
    /// <summary>Commits to whatever it is asked for, held or not.</summary>
    public bool CommitsToAll { get; init; }
    /// <summary>Takes requests for storage commitment, and never reports.</summary>
    public bool NeverReports { get; init; }
    /// <summary>Reports on storage commitment over the association that asked, not over one of its own.</summary>
    public bool ReportsOnSameAssociation { get; init; }
}
