using Dicom.Migration.Dimse;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>The tests that share it: it is filled once.</summary>
[CollectionDefinition(nameof(FilledOrthanc))]
public sealed class FilledOrthancUsers : ICollectionFixture<FilledOrthanc>;

/// <summary>An Orthanc with the corpus, by C-STORE: the first hop of all chains that begin with it.</summary>
public sealed class FilledOrthanc : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    private Orthanc? _orthanc;
    private Hop? _hop;

    /// <summary>Fills it at the first call; skips the test where there is no Orthanc.</summary>
    internal async Task<(Orthanc Orthanc, Hop Hop)> GetAsync()
    {
        _orthanc ??= await Orthanc.StartAsync(_folder, "FILLED");
        _hop ??= await Hop.RunAsync(_folder, "folder to Orthanc", Endpoints.Corpus, Endpoints.To(_orthanc.Title, _orthanc.Port, DimseRetrieval.Get));
        return (_orthanc, _hop);
    }

    /// <summary>Stops it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_orthanc is not null) await _orthanc.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
