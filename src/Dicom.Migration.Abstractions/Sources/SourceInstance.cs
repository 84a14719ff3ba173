using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration;

/// <summary>One SOP Instance on its way out of a source. Whoever receives it disposes it, read or not.</summary>
/// <param name="place">Where in the unit it stands.</param>
/// <param name="body">Exactly the encoded data set, without preamble and file meta information; completed when disposed.</param>
public sealed class SourceInstance(string place, PipeReader body) : SourceItem(place)
{
    /// <summary>Exactly the encoded data set. Ends with a <see cref="MigrationException"/> if the source breaks off: an end without one is the whole data set.</summary>
    public PipeReader Body { get; } = body ?? throw new ArgumentNullException(nameof(body));
    /// <summary>How the body is encoded as the source declares it; <see langword="null"/> if it has to be found out from the body.</summary>
    public TransferSyntax? TransferSyntax { get; init; }
    /// <summary>SOP Class UID that the source claims, unchecked.</summary>
    public string? ClaimedSopClassUid { get; init; }
    /// <summary>SOP Instance UID that the source claims, unchecked.</summary>
    public string? ClaimedSopInstanceUid { get; init; }
    /// <summary>Whether the claim binds: the source was asked for what it claims this to be. A data set with another SOP Instance UID is <see cref="FaultCode.AnotherObject"/>
    /// then, and what was asked for has not come. Of files it does not: names and file meta information there err without harm.</summary>
    public bool IsClaimBinding { get; init; }
    /// <summary>Whether the source counts it and does not list it: one of another study than the unit's is none of the unit's, then.</summary>
    public bool IsUnlisted { get; init; }
    /// <summary>Whether the source has given this SOP Instance UID in the same reading before, and knows of no second object under it: with the same content it is no
    /// further instance, with another it is.</summary>
    public bool IsRepeat { get; init; }
    /// <summary>Preamble, prefix and file meta information (PS3.10 §7.1), byte for byte as found; empty if there were none.</summary>
    public ReadOnlyMemory<byte> Envelope { get; init; }
    /// <summary>Length of the body in bytes, if known before it is read.</summary>
    public long? Length { get; init; }
    /// <summary>What was taken for granted to deliver it, as names such as <c>no-preamble</c>; kept in the ledger.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];
    /// <summary>What has to be looked at although it is moved; kept in the ledger with its verdict.</summary>
    public Fault? Note { get; init; }

    /// <summary>Completes the body, so that the source can go on.</summary>
    public override async ValueTask DisposeAsync()
    {
        await Body.CompleteAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
