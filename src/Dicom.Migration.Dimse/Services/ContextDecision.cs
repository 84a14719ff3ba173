namespace Dicom.Migration.Dimse;

/// <summary>The answer to one proposed presentation context (PS3.8 Table 9-18).</summary>
public readonly record struct ContextDecision
{
    private ContextDecision(byte result, string? transferSyntax, ContextRoles roles) => (Result, TransferSyntax, Roles) = (result, transferSyntax, roles);

    /// <summary>1: refused by the user, for a reason of its own.</summary>
    public static ContextDecision UserRejection => new(1, null, ContextRoles.None);
    /// <summary>2: refused without a reason.</summary>
    public static ContextDecision NoReason => new(2, null, ContextRoles.None);
    /// <summary>3: the SOP class is not supported.</summary>
    public static ContextDecision AbstractSyntaxNotSupported => new(3, null, ContextRoles.None);
    /// <summary>4: the SOP class is, and none of the transfer syntaxes.</summary>
    public static ContextDecision TransferSyntaxesNotSupported => new(4, null, ContextRoles.None);

    /// <summary>0 accepted; 1 to 4 as the properties say.</summary>
    public byte Result { get; }
    /// <summary>The transfer syntax; <see langword="null"/> unless accepted.</summary>
    public string? TransferSyntax { get; }
    /// <summary>What the requestor may be; no more than it asked for is granted.</summary>
    public ContextRoles Roles { get; }
    /// <summary>Whether the context is accepted.</summary>
    public bool IsAccepted => TransferSyntax is not null;

    /// <summary>Accepts a context.</summary>
    /// <param name="transferSyntax">One of those that were proposed; any other refuses the context by result 4.</param>
    /// <param name="roles">What the requestor may be, if it asks for it.</param>
    public static ContextDecision Accept(string transferSyntax, ContextRoles roles = ContextRoles.Scu)
    {
        ArgumentException.ThrowIfNullOrEmpty(transferSyntax);
        return new(0, transferSyntax, roles);
    }
}
