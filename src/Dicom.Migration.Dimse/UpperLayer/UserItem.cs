namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>A sub-item of the User Information item (PS3.8 Annex D, PS3.7 Annex D).</summary>
internal abstract record UserItem;

/// <summary>51H: longest P-DATA-TF the sender accepts, in bytes without header; 0 is no limit (PS3.8 §D.1).</summary>
internal sealed record MaximumLength(uint Length) : UserItem;
/// <summary>52H (PS3.7 §D.3.3.2.1).</summary>
internal sealed record ImplementationClassUid(string Uid) : UserItem;
/// <summary>53H: most operations outstanding; 0 is no limit (PS3.7 §D.3.3.3).</summary>
internal sealed record AsynchronousOperationsWindow(ushort Invoked, ushort Performed) : UserItem;
/// <summary>54H: the roles the requestor takes, or the acceptor grants it (PS3.7 §D.3.3.4).</summary>
internal sealed record RoleSelection(string SopClassUid, byte ScuRole, byte ScpRole) : UserItem;
/// <summary>55H (PS3.7 §D.3.3.2.3).</summary>
internal sealed record ImplementationVersionName(string Name) : UserItem;
/// <summary>56H (PS3.7 §D.3.3.5).</summary>
internal sealed record ExtendedNegotiationItem(string SopClassUid, ReadOnlyMemory<byte> Information) : UserItem;
/// <summary>57H (PS3.7 §D.3.3.6). Version 0 is the only one there is.</summary>
internal sealed record CommonExtendedNegotiationItem(byte Version, string SopClassUid, string ServiceClassUid, IReadOnlyList<string> RelatedSopClassUids) : UserItem;

/// <summary>58H (PS3.7 §D.3.3.7.1). 1 user name, 2 user name and passcode, 3 Kerberos, 4 SAML, 5 JSON Web Token.</summary>
internal sealed record UserIdentityItem(byte Kind, byte ResponseRequested, ReadOnlyMemory<byte> Primary, ReadOnlyMemory<byte> Secondary) : UserItem
{
    /// <summary>The kind alone: the fields are credentials.</summary>
    public override string ToString() => $"{nameof(UserIdentityItem)} {Kind}";
}

/// <summary>59H (PS3.7 §D.3.3.7.2).</summary>
internal sealed record UserIdentityResponse(ReadOnlyMemory<byte> Response) : UserItem
{
    /// <summary>The name alone: the field may be a credential.</summary>
    public override string ToString() => nameof(UserIdentityResponse);
}

/// <summary>A sub-item of a type not known here: ignored, and kept (PS3.8 §9.3.1).</summary>
internal sealed record UnknownUserItem(byte Type, ReadOnlyMemory<byte> Bytes) : UserItem;
