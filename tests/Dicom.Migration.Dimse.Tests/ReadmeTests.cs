using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Tests.Services;
using Microsoft.Extensions.DependencyInjection;

namespace Dicom.Migration.Dimse.Tests;

/// <summary>The snippets of the package's README are this code.</summary>
public sealed class ReadmeTests
{
    // Run by nobody: pacs.example is not there.
    private static async Task AskAsync()
    {
        var tls = new DimseTls(new TlsCredentialFiles("me.pem", "me.key", "roots.pem").Load);
        await using var association = await DimseAssociation.ConnectAsync("pacs.example", 2762, "ARCHIVE",
            [new ContextProposal("1.2.840.10008.5.1.4.1.2.2.1", ["1.2.840.10008.1.2.1"])], // Study Root FIND, Explicit VR Little Endian
            new DimseClientOptions { Security = tls, AeTitle = "ME" }, TimeProvider.System);
        var keys = new DataSet
        {
            DataElement.Text(new DicomTag(0x0008, 0x0052), DicomVr.CS, ["STUDY"]),
            DataElement.Text(new DicomTag(0x0020, 0x000D), DicomVr.UI, []), // empty: to be returned
        };
        await foreach (var response in association.FindAsync("1.2.840.10008.5.1.4.1.2.2.1", keys.ToArray(TransferSyntax.ExplicitVrLittleEndian)))
            Console.WriteLine(response.Status); // each match, then the outcome; leaving the loop sends C-CANCEL
        await association.ReleaseAsync();
    }

    private static void Add(IServiceCollection services, DimseTls tls)
    {
        services.AddDicomMigration()
            .FromDimse("old-pacs", o => (o.Host, o.Port, o.CalledAeTitle, o.Security, o.Retrieval) = ("old.example", 104, "OLD", DimseSecurity.Plaintext, DimseRetrieval.Move))
            .ToDimse("vna", o => (o.Host, o.Port, o.CalledAeTitle, o.Security, o.AsksForCommitment, o.ListenPort) = ("vna.example", 2762, "VNA", tls, true, 11113));
    }

    [Fact]
    public async Task The_ends_of_a_migration_are_made_as_the_readme_says()
    {
        using var pki = new TestPki();
        var services = new ServiceCollection();
        Add(services, new DimseTls(() => pki.Good()));
        await using var provider = services.BuildServiceProvider();
        Assert.Contains("old.example", provider.GetRequiredKeyedService<IMigrationSource>("old-pacs").Address, StringComparison.Ordinal);
        Assert.Contains(EvidenceLevel.L2, provider.GetRequiredKeyedService<IMigrationTarget>("vna") is IEvidenceTarget target ? target.Levels : []);
    }

    [Fact]
    public async Task The_snippets_of_the_readme_are_these()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(root.FullName, "Dicom.Migration.sln"))) root = root.Parent ?? throw new InvalidOperationException("Run the tests from the repository.");
        var readme = await File.ReadAllTextAsync(Path.Join(root.FullName, "src", "Dicom.Migration.Dimse", "README.md"), TestContext.Current.CancellationToken);
        var here = await File.ReadAllTextAsync(Path.Join(root.FullName, "tests", "Dicom.Migration.Dimse.Tests", "ReadmeTests.cs"), TestContext.Current.CancellationToken);
        var snippets = readme.Split("```csharp\n")[1..].Select(static block => block.Split("```")[0].Trim()).ToList();
        Assert.Equal(2, snippets.Count);
        Assert.All(snippets, snippet => Assert.Contains(snippet, here.Replace("\n        ", "\n", StringComparison.Ordinal), StringComparison.Ordinal));
    }
}
