namespace Dicom.Migration.Dimse;

/// <summary>Roles that the side that asked for the association takes in a context (PS3.7 §D.3.3.4). The other side has the counterparts.</summary>
[Flags]
public enum ContextRoles
{
    /// <summary>None: the context is of no use.</summary>
    None = 0,
    /// <summary>It invokes the requests of a service class user. This is so if nothing is negotiated.</summary>
    Scu = 1,
    /// <summary>It performs them: instances of a C-GET come to it by C-STORE (PS3.4 §C.4.3.3).</summary>
    Scp = 2,
    /// <summary>Both.</summary>
    ScuAndScp = Scu | Scp,
}
