using System.Text.Json;
using Dicom.Migration.Dimse;

namespace Dicom.Migration.Testing.Tests;

/// <summary>The snippet on scripted peers in the package's README is this code.</summary>
public sealed class ReadmeTests
{
    private static async Task<(DimseStatus Status, string Studies)> AskAsync(CancellationToken token)
    {
        await using var pacs = new ScriptedPacs { Script = new() { Withholds = i => i.SopClassUid.EndsWith(".88.33", StringComparison.Ordinal) } }; // DIMSE, on a port of loopback
        foreach (var instance in MadeUpInstances.Create(seed: 1, count: 40)) pacs.Add(instance);
        var options = new DimseClientOptions { Security = DimseSecurity.Plaintext };
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", pacs.Port, ScriptedPacs.AeTitle, [new("1.2.840.10008.1.1", ["1.2.840.10008.1.2"])], options, TimeProvider.System, null, token);
        var status = await association.EchoAsync(token);
        using var web = new ScriptedWebPacs(pacs) { Script = new() { Cap = 2 } }; // what the same archive holds, over DICOMweb: an HttpMessageHandler, without a network
        using var http = new HttpClient(web) { BaseAddress = ScriptedWebPacs.Root };
        var studies = await http.GetStringAsync("studies", token); // as many as the cap allows, however many there are
        return (status, studies);
    }

    [Fact]
    public async Task The_snippet_runs_and_does_what_the_readme_says()
    {
        var (status, studies) = await AskAsync(TestContext.Current.CancellationToken);
        Assert.True(status.IsSuccess);
        using var json = JsonDocument.Parse(studies);
        Assert.Equal(3, json.RootElement.GetArrayLength()); // the cap and one more, as Orthanc 1.10 does
        Assert.True(MadeUpInstances.Create(1, 40).DistinctBy(static i => i.StudyInstanceUid).Count() > 3);
    }

    [Fact]
    public async Task The_snippet_of_the_readme_is_this()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(root.FullName, "Dicom.Migration.sln"))) root = root.Parent ?? throw new InvalidOperationException("Run the tests from the repository.");
        var readme = await File.ReadAllTextAsync(Path.Join(root.FullName, "src", "Dicom.Migration.Testing", "README.md"), TestContext.Current.CancellationToken);
        var here = await File.ReadAllTextAsync(Path.Join(root.FullName, "tests", "Dicom.Migration.Testing.Tests", "ReadmeTests.cs"), TestContext.Current.CancellationToken);
        var snippet = readme.Split("```csharp\n").Select(static block => block.Split("```")[0].Trim()).Single(static s => s.Contains("new ScriptedPacs", StringComparison.Ordinal));
        Assert.Contains(snippet, here.Replace("\n        ", "\n", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
