using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>What a STOW-RS server says of each instance of a request (PS3.18 §10.5.3, Annex I.2). Decided by its lists, never by its status.</summary>
public sealed class StowResult
{
    private readonly Dictionary<string, Word> _words;
    private readonly Fault _unlisted;

    private StowResult(Fault unlisted, int count) => (_unlisted, _words) = (unlisted, new Dictionary<string, Word>(count, StringComparer.Ordinal));

    /// <summary>Whether the server lists the instance as stored, and not as failed too.</summary>
    /// <param name="sopInstanceUid">SOP Instance UID of an instance that was sent.</param>
    public bool IsStored(string sopInstanceUid) => _words.TryGetValue(sopInstanceUid, out var word) && word is { IsStored: true, Failure: null };

    /// <summary>Why the instance is not stored, or what has to be looked at although it is; <see langword="null"/> if nothing.</summary>
    /// <param name="sopInstanceUid">SOP Instance UID of an instance that was sent.</param>
    public Fault? FaultOf(string sopInstanceUid)
    {
        var word = _words.GetValueOrDefault(sopInstanceUid);
        return word.Failure is { } failure ? failure : word.IsStored ? word.Warning : _unlisted;
    }

    /// <summary>Whether the server says anything of the instance.</summary>
    internal bool Names(string sopInstanceUid) => _words.TryGetValue(sopInstanceUid, out var word) && (word.IsStored || word.Failure is not null);

    /// <summary>An answer without lists: nothing in it says that anything was stored.</summary>
    internal static StowResult Nothing(FaultCode code) => new(new Fault(code), 0);

    /// <summary>An answer of which nothing is read yet. What it says of instances that were not sent is of no interest.</summary>
    internal static StowResult About(IReadOnlyList<StowInstance> sent)
    {
        var result = new StowResult(new Fault(FaultCode.NotDelivered), sent.Count);
        foreach (var instance in sent) result._words[instance.SopInstanceUid] = new Word { SopClass = instance.SopClassUid };
        return result;
    }

    /// <summary>What the server says of one instance. What fails it or warns of it is not taken back by what is said later.</summary>
    /// <param name="sopInstanceUid">Without padding.</param> <param name="sopClassUid">Likewise; empty if it is not said.</param>
    /// <param name="isStored">It stands in the list of what is stored, and else of what is not.</param> <param name="code">Warning or failure reason, if there is one.</param>
    internal void Say(ReadOnlySpan<char> sopInstanceUid, ReadOnlySpan<char> sopClassUid, bool isStored, long? code)
    {
        ref var word = ref CollectionsMarshal.GetValueRefOrNullRef(_words.GetAlternateLookup<ReadOnlySpan<char>>(), sopInstanceUid);
        if (Unsafe.IsNullRef(ref word)) return;
        if (!isStored) word.Failure ??= new Fault(Meaning(code));
        // Stored as something else than was sent: it is another object, or soon will be.
        else if (word.SopClass is { } sent && !sopClassUid.IsEmpty && !sopClassUid.SequenceEqual(sent)) word.Failure ??= new Fault(FaultCode.ProtocolViolation, SopClass);
        else (word.IsStored, word.Warning) = (true, word.Warning ?? (code is null ? null : new Fault(FaultCode.StoredWithWarning)));
    }

    // PS3.18 Table I.2-2; PS3.4 §B.2.3 for 0xA7xx.
    private static FaultCode Meaning(long? reason) => reason switch
    {
        0x0111 => FaultCode.UidConflict,
        0x0122 or 0x0124 or 0xC122 => FaultCode.NotNegotiable,
        >= 0xA700 and <= 0xA7FF => FaultCode.PeerBusy,
        _ => FaultCode.Refused,
    };

    private static readonly DicomTag SopClass = new(0x00081150);

    private struct Word
    {
        public string? SopClass; // as it was sent
        public bool IsStored;
        public Fault? Warning;
        public Fault? Failure;
    }
}
