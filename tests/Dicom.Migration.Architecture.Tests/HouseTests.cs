using System.Text.RegularExpressions;

namespace Dicom.Migration.Architecture.Tests;

/// <summary>The house as docs/architecture.md draws it: who may know whom, and what stands where.</summary>
public sealed partial class HouseTests
{
    private static readonly string[] TopLevel =
        ["src", "tests", "benchmarks", "samples", "docs", "Dicom.Migration.sln", "Directory.Packages.props", "Directory.Build.props",
         "LICENSE", "README.md", "CHANGELOG.md", "global.json", "nuget.config", "artifacts", "TestResults"];

    private static readonly string[] Drawers = ["Common", "Core", "Helpers", "Internal", "Utils"];

    [Fact]
    public void Every_project_reference_stands_in_the_table_of_the_architecture_page()
    {
        var allowed = ReadTable();
        Assert.NotEmpty(Repository.Libraries);
        foreach (var library in Repository.Libraries)
        {
            var name = Repository.ShortName(library);
            Assert.True(allowed.ContainsKey(name), $"{name} has no row in docs/architecture.md.");
            var references = Repository.References(library, "ProjectReference").Select(Repository.ShortName);
            Assert.Equal(allowed[name].References, references.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Every_package_reference_stands_in_the_table_of_the_architecture_page()
    {
        var allowed = ReadTable();
        foreach (var library in Repository.Libraries)
        {
            var name = Repository.ShortName(library);
            Assert.Equal(allowed[name].Packages, Repository.References(library, "PackageReference").Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void The_top_level_holds_what_it_should_and_nothing_else() =>
        Assert.Empty(Directory.EnumerateFileSystemEntries(Repository.Root).Select(Path.GetFileName)
            .Where(n => n![0] != '.').Except(TopLevel, StringComparer.Ordinal));

    [Fact]
    public void No_room_is_a_drawer() =>
        Assert.Empty(Repository.Libraries.SelectMany(l => Directory.EnumerateDirectories(Path.GetDirectoryName(l)!))
            .Where(d => Drawers.Contains(Path.GetFileName(d), StringComparer.Ordinal)));

    [Fact]
    public void Every_library_has_a_readme_and_a_public_api_file() =>
        Assert.Empty(Repository.Libraries.SelectMany(l => new[] { "README.md", "PublicAPI.Shipped.txt", "PublicAPI.Unshipped.txt" }
            .Select(f => Path.Join(Path.GetDirectoryName(l), f))).Where(f => !File.Exists(f)));

    [Fact]
    public void No_fault_code_is_without_its_remedy()
    {
        var source = File.ReadAllText(Path.Join(Repository.Root, "src", "Dicom.Migration.DataSets", "Faults", "FaultCode.cs"));
        var page = File.ReadAllText(Path.Join(Repository.Root, "docs", "faults.md"));
        var codes = Codes().Matches(source).Select(m => (Name: m.Groups[1].Value, Number: m.Groups[2].Value)).ToList();
        Assert.True(codes.Count > 40);
        Assert.Equal(codes.Count, codes.DistinctBy(c => c.Number).Count());
        Assert.Empty(codes.Where(c => c.Number != "0" && !page.Contains($"| {c.Number} | {c.Name} |", StringComparison.Ordinal)));
    }

    private static Dictionary<string, (string[] References, string[] Packages)> ReadTable() =>
        File.ReadAllLines(Path.Join(Repository.Root, "docs", "architecture.md"))
            .Select(l => Row().Match(l)).Where(m => m.Success)
            .ToDictionary(m => m.Groups[1].Value, m => (Split(m.Groups[2].Value), Split(m.Groups[3].Value)), StringComparer.Ordinal);

    private static string[] Split(string cell) =>
        [.. cell.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(c => c != "none").Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Row();

    [GeneratedRegex(@"^    (\w+) = (\d+),", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Codes();
}
