namespace Dicom.Migration;

/// <summary>What can go wrong with one object, one peer or one run. A number is never reused; each has its remedy in <c>docs/faults.md</c>.</summary>
/// <remarks>1000: the encoding of a data set. 2000: files and containers. 3000: peers. 4000: the run and its ledger. 5000: evidence.</remarks>
public enum FaultCode
{
    /// <summary>No fault.</summary>
    None = 0,
    /// <summary>The bytes are no DICOM data set in any encoding that is known.</summary>
    NotDicom = 1001,
    /// <summary>The input ends inside an element header.</summary>
    TruncatedHeader = 1002,
    /// <summary>A length is larger than what is left of the input or of the enclosing item.</summary>
    LengthBeyondInput = 1003,
    /// <summary>The VR is not two capital letters (PS3.5 §7.1.2).</summary>
    MalformedVr = 1004,
    /// <summary>An undefined length where the standard allows none (PS3.5 §7.1.1).</summary>
    UndefinedLengthNotAllowed = 1005,
    /// <summary>Sequences are nested deeper than the limit.</summary>
    NestingTooDeep = 1006,
    /// <summary>The data set has more elements than the limit.</summary>
    TooManyElements = 1007,
    /// <summary>An item or delimitation tag stands where none may (PS3.5 §7.5).</summary>
    MisplacedItem = 1008,
    /// <summary>A sequence, item or fragment list is not closed.</summary>
    MissingDelimiter = 1009,
    /// <summary>The file meta information cannot be read (PS3.10 §7.1).</summary>
    MalformedFileMeta = 1010,
    /// <summary>The deflated stream is damaged (PS3.5 §A.5).</summary>
    MalformedDeflate = 1011,
    /// <summary>The deflated stream grows beyond the allowed ratio or size.</summary>
    InflationLimit = 1012,
    /// <summary>Bytes follow the end of the data set that are no element.</summary>
    TrailingBytes = 1013,
    /// <summary>An attribute that every instance must have is missing or empty: SOP Class or SOP Instance UID.</summary>
    MissingIdentity = 1014,
    /// <summary>A UID does not follow the grammar of PS3.5 §9.1.</summary>
    MalformedUid = 1015,
    /// <summary>A value is longer than the limit set for reading it whole.</summary>
    ValueTooLong = 1016,
    /// <summary>A value cannot be decoded as its VR asks.</summary>
    MalformedValue = 1017,
    /// <summary>Text cannot be encoded in the character set that the data set declares.</summary>
    TextNotEncodable = 1018,
    /// <summary>The DICOM JSON text is malformed (PS3.18 Annex F).</summary>
    MalformedJson = 1019,
    /// <summary>A patch cannot be applied: the element is missing, or stands where it cannot be changed.</summary>
    PatchNotApplicable = 1020,
    /// <summary>The data set is longer than the limit set for holding it in memory.</summary>
    DataSetTooLong = 1021,
    /// <summary>The data set cannot be written in that transfer syntax: its pixel data is compressed or would have to be, or a length does not fit its field.</summary>
    NotTranscodable = 1022,

    /// <summary>The path does not exist.</summary>
    PathNotFound = 2001,
    /// <summary>The path may not be read.</summary>
    AccessDenied = 2002,
    /// <summary>Reading failed in the device or file system.</summary>
    ReadFailed = 2003,
    /// <summary>Writing, syncing or renaming failed.</summary>
    WriteFailed = 2004,
    /// <summary>The volume is full or over its quota.</summary>
    DiskFull = 2005,
    /// <summary>A symbolic link, device, pipe or socket; never followed.</summary>
    NotARegularFile = 2006,
    /// <summary>A ZIP, TAR or GZ file is damaged.</summary>
    MalformedContainer = 2007,
    /// <summary>A container holds more, or unpacks to more, than the limit.</summary>
    ContainerLimit = 2008,
    /// <summary>A DICOMDIR record names a file that is not there.</summary>
    DicomDirFileMissing = 2009,
    /// <summary>A file lies in the tree that its DICOMDIR does not name.</summary>
    DicomDirFileUnlisted = 2010,
    /// <summary>The DICOMDIR itself cannot be read, or names a path outside its folder.</summary>
    MalformedDicomDir = 2011,
    /// <summary>The file changed while it was read.</summary>
    SourceChanged = 2012,
    /// <summary>The file was listed and is gone.</summary>
    SourceGone = 2013,

    /// <summary>The peer cannot be reached.</summary>
    PeerUnreachable = 3001,
    /// <summary>The peer closed the connection in the middle of a message.</summary>
    PeerClosedEarly = 3002,
    /// <summary>The peer asks to be left alone for a while.</summary>
    PeerBusy = 3003,
    /// <summary>The peer took longer than the time allowed.</summary>
    PeerTimeout = 3004,
    /// <summary>The peer refuses the SOP class or transfer syntax.</summary>
    NotNegotiable = 3005,
    /// <summary>The peer refuses the object for good.</summary>
    Refused = 3006,
    /// <summary>The peer sent what the protocol does not allow.</summary>
    ProtocolViolation = 3007,
    /// <summary>The peer answered success with a warning; what it stored has to be looked at.</summary>
    StoredWithWarning = 3008,
    /// <summary>The peer rejects the association, for good.</summary>
    AssociationRejected = 3009,
    /// <summary>The peer lists the object and does not deliver it.</summary>
    NotDelivered = 3010,
    /// <summary>The peer sent an object that nobody asked for.</summary>
    Unrequested = 3011,
    /// <summary>A query matches more than the limit.</summary>
    QueryTooLarge = 3012,
    /// <summary>TLS could not be agreed on: version, suite, name or certificate.</summary>
    TlsRefused = 3013,
    /// <summary>A PDU, command or identifier is longer than the limit.</summary>
    MessageTooLong = 3014,
    /// <summary>What the peer sent is another object than it says, or of another study.</summary>
    AnotherObject = 3015,
    /// <summary>The peer holds the object where it cannot be read without someone fetching a medium.</summary>
    NotOnline = 3016,

    /// <summary>The ledger belongs to another migration.</summary>
    LedgerOfAnotherMigration = 4001,
    /// <summary>Another runner holds the ledger, or this runner has lost it.</summary>
    LeaseLost = 4002,
    /// <summary>The ledger file is damaged, or does not keep what it acknowledges.</summary>
    LedgerUnusable = 4003,
    /// <summary>The ledger was written by a newer version.</summary>
    LedgerTooNew = 4004,
    /// <summary>The attempts allowed for one unit are used up.</summary>
    AttemptsExhausted = 4005,
    /// <summary>The object is larger than spool and budget allow.</summary>
    ObjectTooLarge = 4006,
    /// <summary>A component outside this SDK failed in a way it does not name.</summary>
    Unexpected = 4007,
    /// <summary>The configuration contradicts itself.</summary>
    InvalidConfiguration = 4008,

    /// <summary>The target does not hold the object.</summary>
    MissingAtTarget = 5001,
    /// <summary>The target holds other content than was sent, and nothing explains it.</summary>
    UnexplainedDifference = 5002,
    /// <summary>Another object with the same SOP Instance UID and other content.</summary>
    UidConflict = 5003,
    /// <summary>The target holds the object and cannot deliver it.</summary>
    UnreadableAtTarget = 5004,
    /// <summary>The spooled copy no longer has the digest that was taken when it arrived.</summary>
    SpoolCorrupted = 5005,
    /// <summary>The target holds the same content in another encoding: other lengths, another native transfer syntax, other padding.</summary>
    EncodingDiffers = 5006,
    /// <summary>What the target shows of the object leaves open whether an element of it is the same.</summary>
    NotCompared = 5007,
}
