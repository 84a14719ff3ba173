using System.IO.Pipelines;

namespace Dicom.Migration.Dimse;

/// <summary>A SOP class, and the transfer syntaxes to offer for it, as one presentation context (PS3.8 §9.3.2.2).</summary>
/// <param name="AbstractSyntax">SOP class UID.</param>
/// <param name="TransferSyntaxes">Transfer syntax UIDs, 1 to 64. The peer chooses one: offer one per context to know which.</param>
public sealed record ContextProposal(string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes);

/// <summary>A presentation context that both sides agreed on.</summary>
/// <param name="Id">Odd, 1 to 255.</param>
/// <param name="AbstractSyntax">SOP class UID.</param>
/// <param name="TransferSyntax">The transfer syntax UID that was accepted.</param>
public sealed record AcceptedContext(byte Id, string AbstractSyntax, string TransferSyntax);

/// <summary>Who asks for an association.</summary>
/// <param name="CalledAeTitle">The AE title it wants, without leading or trailing spaces.</param>
/// <param name="CallingAeTitle">The AE title it says it has. A claim: anyone can make it.</param>
/// <param name="Remote">Address it connects from, as text.</param>
public sealed record AssociationInfo(string CalledAeTitle, string CallingAeTitle, string Remote);

/// <summary>Answer to who asks for an association (PS3.8 Table 9-21).</summary>
public enum AssociationDecision
{
    /// <summary>Let it in.</summary>
    Accept = 0,
    /// <summary>Reject for good: the calling AE title is not known (reason 3).</summary>
    CallingAeTitleNotRecognized = 3,
    /// <summary>Reject for good: the called AE title is not ours (reason 7).</summary>
    CalledAeTitleNotRecognized = 7,
}

/// <summary>A C-STORE request as it came in (PS3.7 §9.3.1.1).</summary>
/// <param name="Association">On whose behalf.</param>
/// <param name="Context">The presentation context; its transfer syntax is that of the data set.</param>
/// <param name="SopClassUid">Affected SOP Class UID; a claim, the data set may say otherwise.</param>
/// <param name="SopInstanceUid">Affected SOP Instance UID, 1 to 64 digits and periods; a claim, too.</param>
/// <param name="MoveOriginatorAeTitle">Who asked for the C-MOVE this belongs to; empty if it belongs to none.</param>
/// <param name="MoveOriginatorMessageId">Message ID of that C-MOVE.</param>
public sealed record StoreIndication(AssociationInfo Association, AcceptedContext Context, string SopClassUid, string SopInstanceUid,
    string MoveOriginatorAeTitle, ushort? MoveOriginatorMessageId);

/// <summary>What a listener asks its host. Called from many associations at the same time.</summary>
public interface IDimseHandler
{
    /// <summary>Whether to let a peer in.</summary>
    /// <param name="association">Who asks.</param>
    /// <param name="cancellationToken">The listener is being stopped.</param>
    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken);

    /// <summary>Picks the transfer syntax of a proposed context, or <see langword="null"/> to refuse it.</summary>
    /// <param name="association">Who asks.</param>
    /// <param name="proposal">What is proposed.</param>
    public string? ChooseTransferSyntax(AssociationInfo association, ContextProposal proposal);

    /// <summary>Takes one instance.</summary>
    /// <param name="store">What the command says.</param>
    /// <param name="body">The data set as it comes off the wire: no preamble, no file meta. It ends without an exception only if the
    /// peer sent the last fragment. Until it is read the peer is read no further. The caller completes it.</param>
    /// <param name="cancellationToken">The association ended.</param>
    /// <returns>The status to answer, once the body is here to its end. An exception is answered by 0110.</returns>
    public ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken);
}
