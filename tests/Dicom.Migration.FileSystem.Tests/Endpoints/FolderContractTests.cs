using Dicom.Migration.Testing;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>A folder as a source keeps the promises of all sources.</summary>
public sealed class FolderSourceContractTests : MigrationSourceContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override async Task<IMigrationSource> CreateAsync(CancellationToken cancellationToken)
    {
        if (_folder.Files.Length == 0) await MadeUpArchive.WriteAsync(_folder.Path, 5, new MadeUpArchiveOptions { Instances = 12, Duplicates = 2, Conflicts = 2 }, cancellationToken);
        return new FolderSource("source", new FolderSourceOptions { Path = _folder.Path });
    }
}

/// <summary>A folder as a target keeps the promises of all targets.</summary>
public sealed class FolderTargetContractTests() : FolderTargetContract(FolderLayout.ByUid);

/// <summary>So does a File-set.</summary>
public sealed class FileSetTargetContractTests() : FolderTargetContract(FolderLayout.FileSet);

public abstract class FolderTargetContract(FolderLayout layout) : MigrationTargetContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<FolderTarget> _targets = [];

    public void Dispose()
    {
        foreach (var target in _targets) target.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override Task<IMigrationTarget> OpenAsync(CancellationToken cancellationToken)
    {
        var target = new FolderTarget("target", new FolderTargetOptions { Layout = layout, Path = _folder["target"], MaxBatchFiles = 5 });
        _targets.Add(target);
        return Task.FromResult<IMigrationTarget>(target);
    }

    protected override void AssertNothingEscaped() => Assert.Equal([_folder["target"]], Directory.GetFileSystemEntries(_folder.Path));
}

/// <summary>A folder shows what it holds as all targets do.</summary>
public sealed class FolderEvidenceContractTests() : FolderEvidenceContract(FolderLayout.ByUid);

/// <summary>So does a File-set.</summary>
public sealed class FileSetEvidenceContractTests() : FolderEvidenceContract(FolderLayout.FileSet);

public abstract class FolderEvidenceContract(FolderLayout layout) : EvidenceTargetContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<FolderTarget> _targets = [];

    public void Dispose()
    {
        foreach (var target in _targets) target.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override Task<IEvidenceTarget> OpenAsync(CancellationToken cancellationToken)
    {
        var target = new FolderTarget("target", new FolderTargetOptions { Layout = layout, Path = _folder["target"] });
        _targets.Add(target);
        return Task.FromResult<IEvidenceTarget>(target);
    }
}
