namespace Dicom.Migration.Dimse;

/// <summary>Limits, times and negotiation of an association that this side asks for.</summary>
public sealed record DimseClientOptions : AssociationOptions
{
    /// <summary>User identity to give. If it wants a response and none comes, the association is given up: the peer may have ignored it (PS3.7 §D.3.3.7).</summary>
    public UserIdentity? Identity { get; init; }

    /// <summary>What to say about single SOP classes (PS3.7 §D.3.3.5); once for each.</summary>
    public IReadOnlyList<ExtendedNegotiation> Extended { get; init; } = [];

    /// <summary>Service class and related general SOP classes of what is proposed (PS3.7 §D.3.3.6); once for each.</summary>
    public IReadOnlyList<CommonExtendedNegotiation> CommonExtended { get; init; } = [];

    internal override void Check()
    {
        base.Check();
        if (Identity is { Kind: < UserIdentityKind.UserName or > UserIdentityKind.JsonWebToken }) throw new InvalidOperationException($"{nameof(Identity)} is of no known kind.");
        if (Identity is { } identity && identity.Primary.Length + identity.Secondary.Length > 65_000) throw new InvalidOperationException($"{nameof(Identity)} must be 65,000 bytes or less.");
        if (Extended.Any(e => e.Information.Length > 65_000)) throw new InvalidOperationException($"{nameof(Extended)} must be 65,000 bytes or less for each SOP class.");
    }
}
