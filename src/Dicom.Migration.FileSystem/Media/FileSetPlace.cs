using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>DICOM/study/series/instance, a Referenced File ID (PS3.10 §8.5): components of at most 8 characters of A-Z, 0-9 and "_", no extension.</summary>
/// <remarks>40 bits of a digest do not tell a million objects apart for certain: objects of other UIDs are told by what is in their files. Studies and
/// series that share a directory do no harm.</remarks>
internal sealed class FileSetPlace(string studyUid, string seriesUid, string instanceUid) : DurablePlace(RootName, NameOf(studyUid), NameOf(seriesUid))
{
    public const string RootName = "DICOM";
    /// <summary>PS3.10 §8.5.</summary>
    public const int MaxComponents = 8, MaxComponentLength = 8;
    /// <summary>Most names that one UID tries because of others. Two in a million objects are rare, three are not seen.</summary>
    public const int MaxCollisions = 16;
    // Without I, L, O and U: nothing is mistaken for another when it is read aloud, and no name is DICOMDIR.
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    public override string Name(int collisions, int beside, byte[] sha256) => NameOf(beside == 0 ? Numbered(instanceUid, collisions)
        : string.Create(CultureInfo.InvariantCulture, $"{instanceUid}\n{Convert.ToHexStringLower(sha256)}\n{beside}"));

    public override bool IsAnothers(string name, Func<string?> readUid)
    {
        if (readUid() is not { Length: > 0 } other || string.Equals(other, instanceUid, StringComparison.Ordinal)) return false;
        // What only claims another UID, and would lie elsewhere by it, is in the way: this object goes beside it, and that is reported.
        for (var i = 0; i < MaxCollisions; i++)
            if (string.Equals(NameOf(Numbered(other, i)), name, StringComparison.Ordinal)) return true;
        return false;
    }

    /// <summary>The components of a path that PS3.10 §8.5 allows; <see langword="null"/> if it does not.</summary>
    public static string[]? FileId(string path)
    {
        var components = path.Split('/');
        return components.Length <= MaxComponents && Array.TrueForAll(components, IsComponent) ? components : null;
    }

    public static bool IsComponent(string name) =>
        name.Length is > 0 and <= MaxComponentLength && name.All(static c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');

    /// <summary>The first 40 bits of the SHA-256 of a text, five in a character.</summary>
    internal static string NameOf(string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        var bits = ((ulong)digest[0] << 32) | ((ulong)digest[1] << 24) | ((ulong)digest[2] << 16) | ((ulong)digest[3] << 8) | digest[4];
        Span<char> name = stackalloc char[MaxComponentLength];
        for (var i = name.Length - 1; i >= 0; i--, bits >>= 5) name[i] = Digits[(int)(bits & 31)];
        return new string(name);
    }

    private static string Numbered(string uid, int collisions) => collisions == 0 ? uid : string.Create(CultureInfo.InvariantCulture, $"{uid}\n{collisions}");
}
