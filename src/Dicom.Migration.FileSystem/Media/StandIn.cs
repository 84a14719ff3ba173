using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What a record says where a key of type 1 has no value in the instance (docs/decisions/0004). Only the DICOMDIR has it; no object is changed.</summary>
internal static class StandIn
{
    private const string NoDate = "19000101", NoTime = "000000";

    /// <summary>A value that a reader can take and a person will not take for real.</summary>
    public static byte[] For(uint key, DicomVr vr, InstanceKeys keys) => vr.IsText ? Padded(vr, key switch
    {
        0x00100020 or 0x00200010 => "NONE-" + FileSetPlace.NameOf(keys.Text(0x0020000D)), // Patient ID, Study ID: of this study alone
        0x00080020 => FirstOf(keys, 0x00080021) ?? NoDate,
        0x00080030 => FirstOf(keys, 0x00080031) ?? NoTime,
        0x00080060 => "OT",
        0x0040A491 => "PARTIAL",
        0x0040A493 => "UNVERIFIED",
        _ when vr == DicomVr.DA => NoDate,
        _ when vr == DicomVr.TM => NoTime,
        _ when vr == DicomVr.DT => NoDate + NoTime,
        _ when vr == DicomVr.IS => "0",
        _ => "UNKNOWN",
    }) : new byte[vr.UnitLength];

    public static byte[] Padded(DicomVr vr, string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        return bytes.Length % 2 == 0 ? bytes : [.. bytes, vr.PaddingByte];
    }

    // Series, acquisition and content have theirs one behind the other (PS3.6).
    private static string? FirstOf(InstanceKeys keys, uint tag)
    {
        for (var i = 0u; i < 3; i++)
            if (keys.Text(tag + i) is { Length: > 0 } value) return value;
        return null;
    }
}
