using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>The source promises what every source does.</summary>
public sealed class DicomWebSourceContractTests : MigrationSourceContract, IAsyncDisposable
{
    private WebArchive? _archive;

    protected override async Task<IMigrationSource> CreateAsync(CancellationToken cancellationToken)
    {
        _archive ??= await WebArchive.StartAsync(MadeUpInstances.Create(17, 12).Select(static i => i.Bytes.ToArray()));
        return new DicomWebSource("source", _archive.Client(), new DicomWebSourceOptions { BaseAddress = _archive.Root }, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        if (_archive is not null) await _archive.DisposeAsync();
    }
}

/// <summary>The target promises what every target does, whether an instance is collected or sent as it is read.</summary>
public abstract class DicomWebTargetContractTests(int maxBatchBytes) : MigrationTargetContract, IAsyncDisposable
{
    private WebArchive? _archive;

    protected override async Task<IMigrationTarget> OpenAsync(CancellationToken cancellationToken)
    {
        _archive ??= await WebArchive.StartAsync();
        return new DicomWebTarget("target", _archive.Client(), new DicomWebTargetOptions { BaseAddress = _archive.Root, MaxBatchBytes = maxBatchBytes });
    }

    public async ValueTask DisposeAsync()
    {
        if (_archive is not null) await _archive.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>In batches.</summary>
public sealed class DicomWebTargetInBatchesContractTests() : DicomWebTargetContractTests(16_777_216);

/// <summary>Each alone.</summary>
public sealed class DicomWebTargetStreamingContractTests() : DicomWebTargetContractTests(0);
