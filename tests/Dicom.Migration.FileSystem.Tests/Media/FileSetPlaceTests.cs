using Dicom.Migration.FileSystem.Media;
using FsCheck;
using FsCheck.Xunit;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>PS3.10 §8.5: a Referenced File ID has at most eight components of at most eight characters of A-Z, 0-9 and "_".</summary>
public class FileSetPlaceTests
{
    [Property(MaxTest = 300)]
    public bool Every_name_is_one_of_a_file_set_whatever_the_UID(string? study, string? series, string? instance, byte collisions, byte beside)
    {
        var place = DurablePlace.Of(FolderLayout.FileSet, study ?? "", series ?? "", instance ?? "");
        var path = place.Location(place.Name(collisions, beside, new byte[32]));
        return FileSetPlace.FileId(path) is { Length: 4 } && path.StartsWith("DICOM/", StringComparison.Ordinal) && !path.Contains("DICOMDIR", StringComparison.Ordinal);
    }

    // SHA-256 of "1.2" starts with these 40 bits: five of them make a digit.
    [Fact]
    public void A_name_is_the_first_forty_bits_of_the_digest_of_the_UID()
    {
        var bits = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData("1.2"u8))[..10];
        var expected = string.Concat(Convert.ToString(Convert.ToInt64(bits, 16), 2).PadLeft(40, '0').Chunk(5).Select(static c => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[Convert.ToInt32(new string(c), 2)]));
        Assert.Equal(expected, FileSetPlace.NameOf("1.2"));
    }

    [Fact]
    public void A_name_tells_its_files_apart_by_collision_and_by_content()
    {
        var place = DurablePlace.Of(FolderLayout.FileSet, "1", "2", "3");
        var (one, other) = (new byte[32], Enumerable.Repeat((byte)1, 32).ToArray());
        string[] names = [place.Name(0, 0, []), place.Name(1, 0, []), place.Name(0, 1, one), place.Name(0, 1, other), place.Name(0, 2, one)];
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData("DICOM/A1/_", true)]
    [InlineData("A/B/C/D/E/F/G/H", true)]
    [InlineData("A/B/C/D/E/F/G/H/I", false)]
    [InlineData("ABCDEFGHI", false)]
    [InlineData("A/image.dcm", false)]
    [InlineData("a", false)]
    [InlineData("", false)]
    [InlineData("A//B", false)]
    public void A_path_is_a_file_id_or_not(string path, bool isFileId) => Assert.Equal(isFileId, FileSetPlace.FileId(path) is not null);
}
