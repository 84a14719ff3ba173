using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>Where a file goes below its root: study/series/instance.dcm, of names that no peer can bend.</summary>
internal sealed class DurablePlace
{
    private const string Extension = ".dcm";
    private readonly string _stem;

    public DurablePlace(string studyUid, string seriesUid, string instanceUid)
    {
        Directories = [NameOf(studyUid), NameOf(seriesUid)];
        DirectoryKeys = ["", Directories[0], Directories[0] + "/" + Directories[1]];
        _stem = NameOf(instanceUid);
    }

    public IReadOnlyList<string> Directories { get; }
    /// <summary>The root, the study, the series.</summary>
    public IReadOnlyList<string> DirectoryKeys { get; }

    /// <summary>The name of the file; the second and later ones of one UID carry the start of their own digest.</summary>
    public string Name(byte[] sha256, int beside) => beside switch
    {
        0 => _stem + Extension,
        1 => $"{_stem}~{Convert.ToHexStringLower(sha256.AsSpan(0, 8))}{Extension}",
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{_stem}~{Convert.ToHexStringLower(sha256.AsSpan(0, 8))}-{beside}{Extension}"),
    };

    public string Location(string name) => DirectoryKeys[2] + "/" + name;

    /// <summary>A UID that follows the grammar names itself; anything else is named by 32 digits of its SHA-256.</summary>
    internal static string NameOf(string uid) =>
        DicomUid.IsValid(uid) ? uid : "sha256-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(uid)).AsSpan(0, 16));
}
