using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests.CharacterSets;

/// <summary>The texts that the made-up files of the sibling corpus were made of, where that folder exists.</summary>
public sealed class CharacterSetCorpusTests
{
    private static readonly DicomTag Charset = new(0x0008, 0x0005);

    [Fact]
    public void Reads_the_text_that_each_made_up_file_was_made_of()
    {
        if (Folder() is not { } folder) return;
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "EXPECTED.json")));
        foreach (var file in expected.RootElement.EnumerateObject())
        {
            var elements = ExplicitWalker.Elements(File.ReadAllBytes(Path.Combine(folder, file.Name))).Where(element => element.Depth == 0).ToArray();
            var set = SpecificCharacterSet.Parse(elements.FirstOrDefault(element => element.Tag == Charset).Value ?? []);
            var damaged = file.Value.EnumerateObject().Any(value => value.Value.GetString()!.StartsWith("damaged on purpose", StringComparison.Ordinal));
            var problems = TextProblems.None;
            foreach (var value in file.Value.EnumerateObject())
            {
                var element = elements.FirstOrDefault(element => element.Tag == new DicomTag(Convert.ToUInt32(value.Name, 16)));
                if (element.Value is null) continue;
                var text = string.Join('\\', set.DecodeValues(element.Value, element.Vr, out var found));
                problems |= found;
                // Some expectations carry a remark for people after the text, or a second reading.
                if (!damaged) Assert.True(Means(value.Value.GetString()!, text), $"{file.Name} {value.Name}: {text}");
            }

            Assert.True(damaged == (problems != TextProblems.None), $"{file.Name}: {problems}");
        }
    }

    [Fact]
    public void Reads_and_writes_back_every_text_of_the_corpus_that_is_well_formed()
    {
        if (Folder() is not { } folder) return;
        var written = 0;
        foreach (var path in Directory.EnumerateFiles(folder, "dump2dcm__*.dcm"))
        {
            var set = SpecificCharacterSet.Default;
            foreach (var (tag, vr, depth, value) in ExplicitWalker.Elements(File.ReadAllBytes(path)))
            {
                if (tag == Charset) set = SpecificCharacterSet.Parse(value);
                if (!vr.UsesSpecificCharacterSet || set.Decode(value, vr) is not { Problems: TextProblems.None } decoded) continue;
                Assert.True(set.TryEncode(decoded.Text, vr, out var bytes), $"{Path.GetFileName(path)} {tag}");
                Assert.Equal(decoded.Text, set.Decode(bytes, vr).Text);
                written++;
            }
        }

        Assert.True(written > 30);
    }

    /// <summary>Real files, headers of any kind: whatever a walk of Explicit VR takes for a value is read without an exception.</summary>
    [Fact]
    public void Reads_every_file_of_the_corpus_without_an_exception()
    {
        if (Folder() is not { } folder) return;
        foreach (var path in Directory.EnumerateFiles(folder, "*.dcm"))
        {
            var set = SpecificCharacterSet.Default;
            foreach (var (tag, vr, _, value) in ExplicitWalker.Elements(File.ReadAllBytes(path)))
            {
                if (tag == Charset) set = SpecificCharacterSet.Parse(value);
                if (vr.IsText) Assert.NotNull(set.DecodeValues(value, vr, out _));
            }
        }
    }

    // Exactly the text, a trailing empty component group left out, or the text and then a remark.
    private static bool Means(string expected, string text) => new[] { text, text.Replace('\\', '\u00A5') }.Any(reading =>
        expected.StartsWith(reading, StringComparison.Ordinal) && (expected.Length == 0 || reading.Length > 0)
        && expected[reading.Length..] is var rest && (rest.Trim('=').Length == 0 || rest.StartsWith(" (", StringComparison.Ordinal) || rest[0] == ';'));

    private static string? Folder()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Dicom.Migration.sln"))) root = root.Parent;
        var folder = root is null ? null : Path.Combine(root.FullName, "..", "shared", "corpus", "charset");
        return Directory.Exists(folder) ? folder : null;
    }
}
