using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>One cell of the matrix: whether an archive accepts a SOP class in a transfer syntax.</summary>
/// <param name="SopClassUid">The SOP class.</param> <param name="TransferSyntaxUid">The transfer syntax.</param> <param name="IsAccepted">Whether it is accepted.</param>
public readonly record struct DimseProbeCell(string SopClassUid, string TransferSyntaxUid, bool IsAccepted);

/// <summary>What an archive accepts.</summary>
public sealed record DimseProbeResult
{
    /// <summary>One cell for each SOP class and transfer syntax that was proposed for storage.</summary>
    public required IReadOnlyList<DimseProbeCell> Matrix { get; init; }
    /// <summary>Answer to a C-ECHO; <see langword="null"/> if Verification is not accepted.</summary>
    public DimseStatus? Echo { get; init; }
    /// <summary>When the archive's certificate ends; <see langword="null"/> over plaintext.</summary>
    public DateTimeOffset? CertificateEnds { get; init; }
    /// <summary>Longest PDU that the archive takes, in bytes; 0 is no limit (PS3.8 §D.1).</summary>
    public required long MaxPduLength { get; init; }
    /// <summary>Most operations that it takes at a time; 1 is synchronous (PS3.7 §D.3.3.3).</summary>
    public required int OperationsWindow { get; init; }
    /// <summary>Whether it takes queries (Study Root C-FIND).</summary>
    public bool HasFind { get; init; }
    /// <summary>Whether it takes C-GET.</summary>
    public bool HasGet { get; init; }
    /// <summary>Whether it takes C-MOVE.</summary>
    public bool HasMove { get; init; }
    /// <summary>Whether it takes storage commitment.</summary>
    public bool HasCommitment { get; init; }
    /// <summary>Associations that it took at a time; if <see cref="IsAssociationLimit"/>, it refused one more.</summary>
    public required int Associations { get; init; }
    /// <summary>Whether <see cref="Associations"/> is its limit, and not where the probe stopped.</summary>
    public required bool IsAssociationLimit { get; init; }
}

/// <summary>Finds out what an archive accepts, without storing or reading anything.</summary>
public static class DimseProbe
{
    /// <summary>Asks for everything.</summary>
    /// <param name="options">How the archive is reached.</param>
    /// <param name="timeProvider">The clock of all timeouts.</param>
    /// <param name="sopClassUids">Storage SOP classes to propose; <see langword="null"/> for all that the standard has, retired ones too.</param>
    /// <param name="mostAssociations">Associations to try at a time; 1 to 64. Default 8.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AssociationException">The archive cannot be reached, or rejects.</exception>
    public static async Task<DimseProbeResult> RunAsync(DimsePeerOptions options, TimeProvider timeProvider, IReadOnlyList<string>? sopClassUids = null, int mostAssociations = 8, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostAssociations, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mostAssociations, 64);
        var peer = new Peer(options, timeProvider);
        var services = await ServicesAsync(peer, cancellationToken).ConfigureAwait(false);
        var (associations, isLimit) = await CountAsync(peer, mostAssociations, cancellationToken).ConfigureAwait(false);
        return services with
        {
            Matrix = await MatrixAsync(peer, sopClassUids ?? StorageSyntaxes.AllClasses, cancellationToken).ConfigureAwait(false), Associations = associations, IsAssociationLimit = isLimit,
        };
    }

    private static async Task<DimseProbeResult> ServicesAsync(Peer peer, CancellationToken cancellationToken)
    {
        var association = await peer.ConnectAsync([Keys.Context(Keys.Verification), Keys.Context(Keys.Find), Keys.Context(Keys.Get), Keys.Context(Keys.Move), Keys.Context(Keys.Commitment)], cancellationToken, window: 64).ConfigureAwait(false);
        await using var owned = association.ConfigureAwait(false);
        DimseStatus? echo = association.Find(Keys.Verification) is null ? null : await association.EchoAsync(cancellationToken).ConfigureAwait(false);
        await ReleaseAsync(association).ConfigureAwait(false);
        return new DimseProbeResult
        {
            Matrix = [], Associations = 0, IsAssociationLimit = false, Echo = echo, CertificateEnds = association.PeerCertificate is { } certificate ? new DateTimeOffset(certificate.NotAfter.ToUniversalTime()) : null, MaxPduLength = association.PeerMaxPduLength, OperationsWindow = association.OperationsWindow,
            HasFind = association.Find(Keys.Find) is not null, HasGet = association.Find(Keys.Get) is not null, HasMove = association.Find(Keys.Move) is not null, HasCommitment = association.Find(Keys.Commitment) is not null,
        };
    }

    private static async Task<List<DimseProbeCell>> MatrixAsync(Peer peer, IReadOnlyList<string> classes, CancellationToken cancellationToken)
    {
        var proposals = classes.SelectMany(c => peer.Options.TransferSyntaxes.Select(s => new ContextProposal(c, [s])));
        var cells = new List<DimseProbeCell>();
        foreach (var plan in ContextPlanner.Plan([.. proposals]))
        {
            var association = await peer.ConnectAsync(plan, cancellationToken).ConfigureAwait(false);
            await using var owned = association.ConfigureAwait(false);
            await ReleaseAsync(association).ConfigureAwait(false);
            var accepted = association.Contexts.Select(static c => (c.AbstractSyntax, c.TransferSyntax)).ToHashSet();
            cells.AddRange(plan.Select(p => new DimseProbeCell(p.AbstractSyntax, p.TransferSyntaxes[0], accepted.Contains((p.AbstractSyntax, p.TransferSyntaxes[0])))));
        }

        return cells;
    }

    /// <summary>Opens one association after the other, until one is refused.</summary>
    private static async Task<(int Count, bool IsLimit)> CountAsync(Peer peer, int most, CancellationToken cancellationToken)
    {
        var open = new List<DimseAssociation>();
        try
        {
            while (open.Count < most) open.Add(await peer.ConnectAsync([Keys.Context(Keys.Verification)], cancellationToken).ConfigureAwait(false));
            return (open.Count, false);
        }
        catch (AssociationException e) when (open.Count > 0)
        {
            return (open.Count, e.Fault.Code is FaultCode.PeerBusy or FaultCode.AssociationRejected); // a rejection is a limit; a lost connection is none
        }
        finally
        {
            foreach (var association in open)
            {
                await using (association.ConfigureAwait(false)) await ReleaseAsync(association).ConfigureAwait(false);
            }
        }
    }

    private static async Task ReleaseAsync(DimseAssociation association)
    {
        try
        {
            await association.ReleaseAsync().ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // what was asked is answered; how it ends does not matter
        }
    }
}
