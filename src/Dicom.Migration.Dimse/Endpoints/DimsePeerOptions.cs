using System.ComponentModel.DataAnnotations;

namespace Dicom.Migration.Dimse;

/// <summary>How an archive is reached over DIMSE, as source or as target.</summary>
public abstract class DimsePeerOptions : IValidatableObject
{
    /// <summary>Name or address of the archive.</summary>
    [Required, StringLength(253, MinimumLength = 1)]
    public string Host { get; set; } = "";

    /// <summary>Its TCP port. Default 104 (PS3.8 §9.1.1).</summary>
    [Range(1, 65_535)]
    public int Port { get; set; } = 104;

    /// <summary>Its AE title; 1 to 16 characters (PS3.5 §6.2, VR AE).</summary>
    [Required, StringLength(16, MinimumLength = 1)]
    public string CalledAeTitle { get; set; } = "";

    /// <summary>AE title of this side, which the archive has to know; 1 to 16 characters. Default MIGRATION.</summary>
    [Required, StringLength(16, MinimumLength = 1)]
    public string CallingAeTitle { get; set; } = "MIGRATION";

    /// <summary>How connections are protected, made or taken: <see cref="DimseTls"/>, or <see cref="DimseSecurity.Plaintext"/> by its name. There is no default.</summary>
    [Required]
    public DimseSecurity? Security { get; set; }

    /// <summary>How instances are read. Default <see cref="DimseRetrieval.Get"/>.</summary>
    public DimseRetrieval Retrieval { get; set; } = DimseRetrieval.Get;

    /// <summary>Address on which C-MOVE sub-operations and storage commitment reports are taken. Default 0.0.0.0: all.</summary>
    [Required]
    public string ListenAddress { get; set; } = "0.0.0.0";

    /// <summary>Port on which they are taken; the archive has to know it for <see cref="CallingAeTitle"/>. 0 picks a free one. Default 11112.
    /// Two archives of one host need two ports; the host says so when it starts.</summary>
    [Range(0, 65_535)]
    public int ListenPort { get; set; } = 11_112;

    /// <summary>AE titles that may bring instances and storage commitment reports over associations of their own. Default none: <see cref="CalledAeTitle"/> alone. Archives that send under another one are known.</summary>
    public IReadOnlyList<string> ReturnAeTitles { get; set; } = [];

    /// <summary>Names or addresses of the nodes that may. Default none: <see cref="Host"/> alone. <see cref="AnyAddress"/> opens it to all, who then need no more than to claim an AE title.</summary>
    public IReadOnlyList<string> ReturnAddresses { get; set; } = [];

    /// <summary>Stands for every address in <see cref="ReturnAddresses"/>.</summary>
    public const string AnyAddress = "any";

    /// <summary>Transfer syntaxes to read in, one context each, so that objects come as they are stored. 1 to 126. Default: those in which archives store objects, retired ones too.
    /// One that is left out may come decompressed, without a word.</summary>
    public IReadOnlyList<string> TransferSyntaxes { get; set; } = StorageSyntaxes.All;

    /// <summary>Longest PDU accepted, in bytes, without its 6-byte header (PS3.8 §D.1). Default 262,144: few, large reads.</summary>
    [Range(4_096, 16_777_216)]
    public int MaxPduLength { get; set; } = 262_144;

    /// <summary>Longest wait for a connection or an association; above 0. Default 30 s.</summary>
    public TimeSpan ArtimTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest silence of the archive before the association is aborted, and longest time for one PDU; above 0. Only a whole PDU counts: one that sends a part and stops is silent. Default 60 s.
    /// In a C-GET it is no less than the time in which an instance has to come (<see cref="StallTimeout"/>), as an archive is silent while it fetches.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest time that one query may take in all, however its answers come; above 0. Then it is cancelled (<see cref="FaultCode.QueryTooLarge"/>). Default 10 minutes.</summary>
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest time in which a retrieval brings no instance, whatever else the archive answers; above 0. Default 2 minutes.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest wait for an instance after the last response of a C-MOVE, as some archives answer before they send; above 0. Default 5 s. What is NEARLINE is waited for as long as for its first instance.</summary>
    public TimeSpan SettleTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Least bytes per second of a data set that the archive sends, counted after its first <see cref="IdleTimeout"/>; a slower one is <see cref="FaultCode.PeerTimeout"/>. 0 is no limit. Default 1,024.</summary>
    [Range(0, int.MaxValue)]
    public int MinimumRate { get; set; } = 1_024;

    /// <summary>Longest data set that is accepted from the archive, in bytes; above 0. Default 16 GiB.</summary>
    public long MaxDataSetLength { get; set; } = 1L << 34;

    /// <summary>Longest data set of a response to a query that is accepted, in bytes; 1,024 or more. It is held whole. Default 1 MiB.</summary>
    [Range(1_024, int.MaxValue)]
    public int MaxResponseLength { get; set; } = 1 << 20;

    /// <summary>Most matches of one query; 1 or more. One more cancels it (<see cref="FaultCode.QueryTooLarge"/>). Default 1,000,000.</summary>
    [Range(1, int.MaxValue)]
    public int MaxMatches { get; set; } = 1_000_000;

    /// <inheritdoc/>
    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, title) in new[] { (nameof(CalledAeTitle), CalledAeTitle), (nameof(CallingAeTitle), CallingAeTitle) })
            if (title.Any(static c => c is < ' ' or > '~' or '\\') || (title.Length > 0 && title.Trim().Length == 0))
                yield return new($"{name} holds a character that an AE title may not have, or nothing but spaces (PS3.5 §6.2).", [name]);
        foreach (var (name, time) in new[] { (nameof(ArtimTimeout), ArtimTimeout), (nameof(IdleTimeout), IdleTimeout), (nameof(QueryTimeout), QueryTimeout), (nameof(StallTimeout), StallTimeout), (nameof(SettleTimeout), SettleTimeout) })
            if (time <= TimeSpan.Zero) yield return new($"{name} must be above 0.", [name]);
        if (TransferSyntaxes.Count is 0 or > 126 || !TransferSyntaxes.All(static s => DataSets.DicomUid.IsValid(s)))
            yield return new($"{nameof(TransferSyntaxes)} must be 1 to 126 UIDs.", [nameof(TransferSyntaxes)]);
        if (MaxDataSetLength <= 0) yield return new($"{nameof(MaxDataSetLength)} must be above 0.", [nameof(MaxDataSetLength)]);
        if (Fault(Security) is { } fault) yield return new($"{nameof(Security)}: {fault}", [nameof(Security)]);
        if (ReturnAeTitles.Any(static t => t.Trim().Length is 0 or > 16)) yield return new($"{nameof(ReturnAeTitles)} must be of 1 to 16 characters each.", [nameof(ReturnAeTitles)]);
        if (ReturnAddresses.Any(string.IsNullOrWhiteSpace)) yield return new($"{nameof(ReturnAddresses)} must be names or addresses.", [nameof(ReturnAddresses)]);
        if (!System.Net.IPAddress.TryParse(ListenAddress, out _)) yield return new($"{nameof(ListenAddress)} is no IP address.", [nameof(ListenAddress)]);
    }

    private static string? Fault(DimseSecurity? security)
    {
        try
        {
            security?.Check(isListener: false);
            return null;
        }
        catch (AssociationException e)
        {
            return e.Message;
        }
    }
}
