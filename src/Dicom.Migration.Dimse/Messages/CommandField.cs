namespace Dicom.Migration.Dimse.Messages;

/// <summary>Command Field (0000,0100) (PS3.7 Annex E). A response has bit 15 set.</summary>
internal static class CommandField
{
    public const ushort StoreRequest = 0x0001, GetRequest = 0x0010, FindRequest = 0x0020, MoveRequest = 0x0021, EchoRequest = 0x0030,
        EventReportRequest = 0x0100, GetAttributesRequest = 0x0110, SetRequest = 0x0120, ActionRequest = 0x0130, CreateRequest = 0x0140, DeleteRequest = 0x0150,
        CancelRequest = 0x0FFF, Response = 0x8000;

    /// <summary>Whether the SCP invokes it, not the SCU (PS3.7 §7.5.1.2).</summary>
    public static bool IsInvokedByScp(ushort field) => field == EventReportRequest;

    /// <summary>Whether a C-CANCEL may end it, and pending responses precede its last (PS3.7 §9.3).</summary>
    public static bool IsQuery(ushort field) => field is FindRequest or GetRequest or MoveRequest;

    /// <summary>Whether it names its SOP class and instance as "requested", not "affected" (PS3.7 §10.3).</summary>
    public static bool NamesRequested(ushort field) => field is GetAttributesRequest or SetRequest or ActionRequest or DeleteRequest;
}
