using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>The contract of a source, over an archive that is read by C-GET.</summary>
public sealed class SourceByGetTests : SourceOverArchive
{
    protected override DimseRetrieval Retrieval => DimseRetrieval.Get;
}

/// <summary>The same over one that is read by C-MOVE.</summary>
public sealed class SourceByMoveTests : SourceOverArchive
{
    protected override DimseRetrieval Retrieval => DimseRetrieval.Move;
}

/// <summary>The contract of a target whose evidence comes by C-GET.</summary>
public sealed class TargetByGetTests : TargetOverArchive
{
    protected override DimseRetrieval Retrieval => DimseRetrieval.Get;
}

/// <summary>The same by C-MOVE.</summary>
public sealed class TargetByMoveTests : TargetOverArchive
{
    protected override DimseRetrieval Retrieval => DimseRetrieval.Move;
}

/// <summary>A source of twelve instances in three studies.</summary>
public abstract class SourceOverArchive : MigrationSourceContract, IAsyncLifetime
{
    private readonly ScriptedPacs _pacs = Archives.Filled(12);
    private readonly List<DimseSource> _made = [];

    protected abstract DimseRetrieval Retrieval { get; }

    protected override Task<IMigrationSource> CreateAsync(CancellationToken cancellationToken)
    {
        var source = Archives.Source(_pacs, Retrieval);
        _made.Add(source);
        return Task.FromResult<IMigrationSource>(new OwnDestination(source, _pacs));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _made) await source.DisposeAsync();
        await _pacs.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>As there is one AE title, the archive is told where it is before each reading.</summary>
    private sealed class OwnDestination(DimseSource source, ScriptedPacs pacs) : IMigrationSource
    {
        public string Name => source.Name;
        public string Address => source.Address;
        public IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, CancellationToken cancellationToken) => source.DiscoverAsync(after, cancellationToken);

        public IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, CancellationToken cancellationToken)
        {
            pacs.Destinations["ME"] = source.ListenPort;
            return source.ReadAsync(unit, cancellationToken);
        }
    }
}

/// <summary>A target that is empty at first.</summary>
public abstract class TargetOverArchive : MigrationTargetContract, IAsyncLifetime
{
    // The hostile UIDs of the contract are not those that its data sets have.
    private readonly ScriptedPacs _pacs = new() { Script = new PacsScript { FindsInstancesByUidAlone = true } };
    private readonly List<DimseTarget> _made = [];

    protected abstract DimseRetrieval Retrieval { get; }

    protected override Task<IMigrationTarget> OpenAsync(CancellationToken cancellationToken)
    {
        var target = Archives.Target(_pacs, Retrieval);
        _made.Add(target);
        return Task.FromResult<IMigrationTarget>(target);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var target in _made) await target.DisposeAsync();
        await _pacs.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
