using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>docs/digests.md holds bytes: they are digested here.</summary>
public sealed partial class DigestsPageTests
{
    [Fact]
    public void The_example_on_the_page_is_true()
    {
        var page = File.ReadAllText(Path.Join(Corpus.Repository, "docs", "digests.md"));
        var blocks = Block().Matches(page).Select(block => Convert.FromHexString(string.Concat(Words().Matches(block.Groups[1].Value).Select(word => word.Groups[1].Value.Replace(" ", ""))))).ToList();
        var digests = Digest().Matches(page).Select(digest => digest.Value.ToUpperInvariant()).ToList();
        Assert.Equal((3, 3), (blocks.Count, digests.Count));
        string D1(int block) => Convert.ToHexString(SHA256.HashData(blocks[block]));
        using var canonical = new CanonicalDigest(DataElementDictionary.VrOf);
        Assert.Equal(digests, [Convert.ToHexString(canonical.Of(blocks[0], TransferSyntax.ExplicitVrLittleEndian)), D1(0), D1(1)]);
        Assert.Equal(digests[0], Convert.ToHexString(canonical.Of(blocks[1], TransferSyntax.ExplicitVrBigEndian)));
        Assert.Equal(digests[0], D1(2));
    }

    [GeneratedRegex("```text\n(.*?)```", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Block();

    // The bytes of a line end before the three spaces of its comment.
    [GeneratedRegex("^([0-9A-F ]+?)   ", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Words();

    [GeneratedRegex("[0-9a-f]{64}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Digest();
}
