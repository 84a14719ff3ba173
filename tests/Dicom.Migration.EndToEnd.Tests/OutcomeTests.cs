using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>Each file ends as what is known about it says: by the corpus's manifest, by the maker of the made-up archive.</summary>
public sealed class OutcomeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_file_of_the_corpus_ends_as_its_manifest_says() => await CheckCorpusAsync(Path.Join(Root, "tests", "Corpus"));

    [Fact]
    public async Task Every_file_of_the_larger_corpus_ends_as_its_manifest_says()
    {
        var corpus = Path.GetFullPath(Path.Join(Root, "..", "shared", "corpus"));
        Assert.SkipUnless(Directory.Exists(corpus), "There is no larger corpus beside the repository.");
        await CheckCorpusAsync(corpus);
    }

    [Fact]
    public async Task Every_file_of_a_made_up_archive_ends_as_its_maker_says()
    {
        var archive = Path.Join(_folder, "archive");
        var files = await MadeUpArchive.WriteAsync(archive, 23, null, TestContext.Current.CancellationToken);
        var outcomes = await MigrateAsync(archive);
        var wrong = new List<string>();
        foreach (var file in files.Where(static f => f.Container is null && f.Kind is not MadeUpFileKind.Container))
        {
            var outcome = outcomes[file.Path].Single();
            var expected = file switch
            {
                { Kind: MadeUpFileKind.NotDicom } => new Outcome(InstanceState.Excluded, FaultCode.None, SourceFinding.NotDicom),
                { Instance.Defect: MadeUpDefect.EmptyFile } => new Outcome(InstanceState.Excluded, FaultCode.None, SourceFinding.EmptyFile),
                { Instance.Defect: MadeUpDefect.MalformedUid } => new Outcome(InstanceState.Verified, FaultCode.MalformedUid, null),
                { ExpectedFault: { } fault } => new Outcome(InstanceState.Excepted, fault, null),
                // Which of two objects with one UID comes first is the lanes' affair; the other is kept beside it, with a note.
                { Kind: MadeUpFileKind.Conflict } => outcome with { State = InstanceState.Verified, Fault = outcome.Fault is FaultCode.UidConflict ? outcome.Fault : FaultCode.None },
                _ => new Outcome(InstanceState.Verified, outcome.Fault is FaultCode.UidConflict && files.Any(f => f.Of == file.Path || f.Of == file.Of) ? outcome.Fault : FaultCode.None, null),
            };
            if (outcome != expected) wrong.Add($"{file.Path}: {outcome} and not {expected}");
        }
        Assert.Empty(wrong);
    }

    private async Task CheckCorpusAsync(string corpus)
    {
        var outcomes = await MigrateAsync(corpus);
        var wrong = new List<string>();
        foreach (var line in File.ReadLines(Path.Join(corpus, "MANIFEST.tsv")).Skip(1))
        {
            var entry = CorpusEntry.Parse(line);
            if (!File.Exists(Path.Join(corpus, entry.Path))) continue;
            var outcome = outcomes.GetValueOrDefault(entry.Path) ?? [];
            if (!entry.Fits(outcome)) wrong.Add($"{entry.Path} ({entry.Classification}; {entry.ReadableBy}): {string.Join(", ", outcome)}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Migrates a folder and returns what became of each file, by its path.</summary>
    private async Task<Dictionary<string, List<Outcome>>> MigrateAsync(string from)
    {
        var token = TestContext.Current.CancellationToken;
        var to = Path.Join(_folder, "target");
        using var target = new FolderTarget("target", new FolderTargetOptions { Path = to });
        await using var ledger = await SqliteLedger.OpenAsync(Path.Join(_folder, "ledger.db"), new LedgerIdentity("test", from, to), TimeProvider.System, cancellationToken: token);
        var lease = await ledger.AcquireLeaseAsync("test", TimeSpan.FromHours(1), token);
        var run = new MigrationRun(new FolderSource("source", new FolderSourceOptions { Path = from }), target, ledger, new SqliteWorkCoordinator(ledger, lease, TimeProvider.System),
            new MigrationRunOptions { SpoolFolder = Path.Join(_folder, "spool") });
        Assert.True((await run.RunAsync(lease, null, token)).IsClosed);
        var outcomes = new Dictionary<string, List<Outcome>>(StringComparer.Ordinal);
        using var reader = SqliteLedgerReader.Open(Path.Join(_folder, "ledger.db"));
        await foreach (var instance in reader.ReadInstancesAsync(new LedgerQuery(), token))
        {
            if (!outcomes.TryGetValue(instance.Identity.UnitKey, out var list)) outcomes.Add(instance.Identity.UnitKey, list = []);
            list.Add(new Outcome(instance.Current.State, instance.Current.Fault?.Code ?? FaultCode.None, instance.Current.Rule));
        }
        return outcomes;
    }

    private static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln"))) return folder.FullName;
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
