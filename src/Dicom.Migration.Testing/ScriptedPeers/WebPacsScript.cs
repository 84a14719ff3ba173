namespace Dicom.Migration.Testing;

/// <summary>How a <see cref="ScriptedWebPacs"/> pages through the results of a query.</summary>
public enum WebPacsPaging
{
    /// <summary>As PS3.18 §8.3.4.4 says.</summary>
    Honoured,
    /// <summary>Each page is the first.</summary>
    OffsetIgnored,
    /// <summary>An offset behind the end begins at the front again.</summary>
    Loops,
    /// <summary>Each page repeats the last result of the one before.</summary>
    Overlaps,
    /// <summary>There is always another page, of UIDs made up for it.</summary>
    Endless,
}

/// <summary>What a <see cref="ScriptedWebPacs"/> says of an instance in its answer to STOW-RS.</summary>
public enum WebPacsListing
{
    /// <summary>It is stored, and listed as stored.</summary>
    Stored,
    /// <summary>It is stored, and listed as stored with a Warning Reason (0008,1196).</summary>
    StoredWithWarning,
    /// <summary>It is not stored, and listed as failed.</summary>
    Failed,
    /// <summary>It is not stored, and listed nowhere.</summary>
    LeftOut,
    /// <summary>It is stored, and listed nowhere.</summary>
    StoredAndLeftOut,
    /// <summary>It is not stored, and listed both as stored and as failed.</summary>
    Both,
}

/// <summary>How a <see cref="ScriptedWebPacs"/> behaves: well, unless told otherwise. Each member is one misbehaviour that DICOMweb servers are known for.</summary>
public sealed record WebPacsScript
{
    /// <summary>Answers a request in its own way; <see langword="null"/> leaves it to the archive.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?> Answers { get; init; } = static _ => null;

    /// <summary>Cap of every query; it gives that many and one more, without a word, and an offset counts within those alone, as Orthanc's does. 0 is no cap.</summary>
    public int Cap { get; init; }
    /// <summary>How it pages.</summary>
    public WebPacsPaging Paging { get; init; }
    /// <summary>Results at the front that plain queries for studies no longer give, as if they had been deleted between two pages.</summary>
    public int Withheld { get; init; }
    /// <summary>Tags, as eight digits, that it does not match by, whatever is asked for.</summary>
    public IReadOnlyCollection<string> Unmatched { get; init; } = [];
    /// <summary>Leaves Number of Study Related Instances out of answers.</summary>
    public bool GivesNoCounts { get; init; }
    /// <summary>What it gives as Number of Study Related Instances, of as many as it holds.</summary>
    public Func<int, int> Counts { get; init; } = static held => held;
    /// <summary>Takes a Study Instance UID under two Patient IDs for two studies: lists both, and has none of that UID to retrieve, as Orthanc does.</summary>
    public bool SplitsStudiesByPatient { get; init; }

    /// <summary>Instances that it lists and does not send.</summary>
    public Func<PacsInstance, bool> Withholds { get; init; } = static _ => false;
    /// <summary>Sends each instance twice.</summary>
    public bool SendsTwice { get; init; }
    /// <summary>Sends instances of other studies along.</summary>
    public bool SendsUnrequested { get; init; }
    /// <summary>What it sends in place of an instance.</summary>
    public Func<PacsInstance, PacsInstance> Sends { get; init; } = static i => i;
    /// <summary>What it sends in place of an instance to whoever does not ask for <c>transfer-syntax=*</c>: most decompress.</summary>
    public Func<PacsInstance, PacsInstance> Transcodes { get; init; } = static i => i;
    /// <summary>What it gives the metadata of, in place of an instance.</summary>
    public Func<PacsInstance, PacsInstance> Describes { get; init; } = static i => i;
    /// <summary>Longest binary value, in bytes, that stands in metadata; of a longer one there is a BulkDataURI. <see langword="null"/>: none is given, and what is long is left out.</summary>
    public int? LongestInline { get; init; }
    /// <summary>Bytes of a multipart answer after which it breaks off, by the path that was asked for; <see langword="null"/> for never.</summary>
    public Func<string, long?> BreaksOffAfter { get; init; } = static _ => null;
    /// <summary>What breaks off just ends, as without length and chunks; otherwise the connection is reset.</summary>
    public bool BreaksOffQuietly { get; init; }
    /// <summary>Gives no length: answers come in chunks.</summary>
    public bool HasNoLength { get; init; }
    /// <summary>Gives neither a length nor chunks: the end of the connection is the end of an answer.</summary>
    public bool GivesNoLength { get; init; }
    /// <summary>Compresses with gzip whatever is asked for, if <c>Accept-Encoding</c> allows it.</summary>
    public bool Compresses { get; init; }
    /// <summary>Compresses even what <c>Accept-Encoding</c> does not allow.</summary>
    public bool CompressesUnasked { get; init; }
    /// <summary>Makes of a multipart body what is sent.</summary>
    public Func<byte[], byte[]> Damages { get; init; } = static b => b;
    /// <summary>Makes of the Content-Type of a multipart answer what is sent.</summary>
    public Func<string, string> Labels { get; init; } = static t => t;

    /// <summary>What it does with an instance that it is sent, and says of it.</summary>
    public Func<PacsInstance, WebPacsListing> Lists { get; init; } = static _ => WebPacsListing.Stored;
    /// <summary>What it does with another object under a UID that it holds.</summary>
    public PacsDuplicates Duplicates { get; init; }
    /// <summary>Status of an answer to STOW-RS, given how many it stored and how many not. Default: 200, 202 or 409 (PS3.18 §10.5.3.1).</summary>
    public Func<int, int, int> StoreStatus { get; init; } = static (stored, failed) => failed == 0 ? 200 : stored == 0 ? 409 : 202;
    /// <summary>Says that all is stored, and stores nothing.</summary>
    public bool StoresNothing { get; init; }
    /// <summary>Deletes what it is told to.</summary>
    public bool Deletes { get; init; }
}
