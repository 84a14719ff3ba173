using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>What a STOW-RS server says of each instance of a request (PS3.18 §10.5.3, Annex I.2). Decided by its lists, never by its status.</summary>
public sealed class StowResult
{
    private readonly Dictionary<string, Fault?> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Fault> _failed = new(StringComparer.Ordinal);
    private readonly Fault _unlisted;

    private StowResult(Fault unlisted) => _unlisted = unlisted;

    /// <summary>Whether the server lists the instance as stored, and not as failed too.</summary>
    /// <param name="sopInstanceUid">SOP Instance UID of an instance that was sent.</param>
    public bool IsStored(string sopInstanceUid) => _stored.ContainsKey(sopInstanceUid) && !_failed.ContainsKey(sopInstanceUid);

    /// <summary>Why the instance is not stored, or what has to be looked at although it is; <see langword="null"/> if nothing.</summary>
    /// <param name="sopInstanceUid">SOP Instance UID of an instance that was sent.</param>
    public Fault? FaultOf(string sopInstanceUid) => _failed.TryGetValue(sopInstanceUid, out var failed) ? failed : _stored.TryGetValue(sopInstanceUid, out var warning) ? warning : _unlisted;

    /// <summary>Whether the server says anything of the instance.</summary>
    internal bool Names(string sopInstanceUid) => _stored.ContainsKey(sopInstanceUid) || _failed.ContainsKey(sopInstanceUid);

    /// <summary>An answer without lists: nothing in it says that anything was stored.</summary>
    internal static StowResult Nothing(FaultCode code) => new(new Fault(code));

    internal static StowResult Of(DataSet answer)
    {
        var result = new StowResult(new Fault(FaultCode.NotDelivered));
        foreach (var item in Items(answer, 0x00081199)) // Referenced SOP Sequence
            if (item.GetString(ReferencedSopInstanceUid) is { Length: > 0 } uid)
                result._stored[uid] = Code(item, 0x00081196) is null ? null : new Fault(FaultCode.StoredWithWarning);
        foreach (var item in Items(answer, 0x00081198)) // Failed SOP Sequence
            if (item.GetString(ReferencedSopInstanceUid) is { Length: > 0 } uid)
                result._failed[uid] = new Fault(Meaning(Code(item, 0x00081197)));
        return result;
    }

    private static readonly DicomTag ReferencedSopInstanceUid = new(0x00081155);

    private static IReadOnlyList<DataSet> Items(DataSet answer, uint tag) => answer.Find(new DicomTag(tag)) is { IsSequence: true } sequence ? sequence.Items : [];

    private static long? Code(DataSet item, uint tag) => item.TryGetValue(new DicomTag(tag), out var value) && value.TryGetInt64(out var code) ? code : null;

    // PS3.18 Table I.2-2; PS3.4 §B.2.3 for 0xA7xx.
    private static FaultCode Meaning(long? reason) => reason switch
    {
        0x0111 => FaultCode.UidConflict,
        0x0122 or 0x0124 or 0xC122 => FaultCode.NotNegotiable,
        >= 0xA700 and <= 0xA7FF => FaultCode.PeerBusy,
        _ => FaultCode.Refused,
    };
}
