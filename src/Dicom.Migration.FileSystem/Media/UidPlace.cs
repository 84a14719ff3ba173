using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>study/series/instance.dcm.</summary>
internal sealed class UidPlace(string studyUid, string seriesUid, string instanceUid) : DurablePlace(NameOf(studyUid), NameOf(seriesUid))
{
    private const string Extension = ".dcm";
    private readonly string _stem = NameOf(instanceUid);

    /// <summary>The second and later ones of one UID carry the start of their own digest.</summary>
    public override string Name(int collisions, int beside, byte[] sha256) => beside switch
    {
        0 => _stem + Extension,
        1 => $"{_stem}~{Convert.ToHexStringLower(sha256.AsSpan(0, 8))}{Extension}",
        _ => string.Create(CultureInfo.InvariantCulture, $"{_stem}~{Convert.ToHexStringLower(sha256.AsSpan(0, 8))}-{beside}{Extension}"),
    };

    // The whole UID, or 128 bits of a digest, are in the name.
    public override bool IsAnothers(string name, Func<string?> readUid) => false;

    /// <summary>A UID that follows the grammar names itself; anything else is named by 32 digits of its SHA-256.</summary>
    internal static string NameOf(string uid) =>
        DicomUid.IsValid(uid) ? uid : "sha256-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(uid)).AsSpan(0, 16));
}
