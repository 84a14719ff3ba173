using Dicom.Migration.Dimse;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>Archives of other makers, in a row: what left the first folder is in the last one byte for byte, or in another encoding or an account for a reason that is known.</summary>
/// <remarks>DICOM_MIGRATION_PEERS names the folder of a larger corpus to go through them.</remarks>
[Collection(nameof(FilledOrthanc))]
public sealed class PeerChainTests(FilledOrthanc filled) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private string End => Path.Join(_folder, "end");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_goes_through_two_orthancs_by_c_get_arrives_as_it_was()
    {
        var (a, first) = await filled.GetAsync();
        await using var b = await Orthanc.StartAsync(_folder, "SECOND");
        var second = await Hop.RunAsync(_folder, "Orthanc to Orthanc by C-GET", Endpoints.From(a.Title, a.Port, DimseRetrieval.Get), Endpoints.To(b.Title, b.Port, DimseRetrieval.Get));
        var last = await Hop.RunAsync(_folder, "Orthanc to folder by C-GET", Endpoints.From(b.Title, b.Port, DimseRetrieval.Get), Endpoints.ToFolder(End));
        KnownExceptions.Check(first, KnownExceptions.OfOrthanc);
        KnownExceptions.Check(second, KnownExceptions.None);
        KnownExceptions.Check(last, KnownExceptions.None);
        await Arrival.CheckAsync(End, KnownEncodings.OfOrthanc, first, second, last);
    }

    [Fact]
    public async Task What_goes_through_two_orthancs_by_c_move_arrives_as_it_was()
    {
        var (a, first) = await filled.GetAsync();
        await using var b = await Orthanc.StartAsync(_folder, "SECOND");
        var second = await Hop.RunAsync(_folder, "Orthanc to Orthanc by C-MOVE", Endpoints.From(a.Title, a.Port, DimseRetrieval.Move), Endpoints.To(b.Title, b.Port, DimseRetrieval.Move), async (source, target) =>
        {
            await a.KnowAsync(Endpoints.Reading, ((DimseSource)source).ListenPort);
            await b.KnowAsync(Endpoints.ReadingBack, ((DimseTarget)target).ListenPort);
        });
        var last = await Hop.RunAsync(_folder, "Orthanc to folder by C-MOVE", Endpoints.From(b.Title, b.Port, DimseRetrieval.Move), Endpoints.ToFolder(End), (source, _) => b.KnowAsync(Endpoints.Reading, ((DimseSource)source).ListenPort));
        KnownExceptions.Check(second, KnownExceptions.None);
        KnownExceptions.Check(last, KnownExceptions.None);
        await Arrival.CheckAsync(End, KnownEncodings.OfOrthanc, first, second, last);
    }

    [Fact]
    public async Task What_goes_through_orthanc_and_dcmqrscp_arrives_with_the_content_that_it_had()
    {
        var (a, first) = await filled.GetAsync();
        var listen = PeerProcess.FreePort();
        await using var b = await Dcmqrscp.StartAsync(_folder, "DCMQRSCP", (Endpoints.Reading, listen));
        // One lane: dcmqrscp 3.6.7 has a process for each association, two of them can choose the same file name, and one object then replaces the other (5002 at L4).
        var second = await Hop.RunAsync(_folder, "Orthanc to dcmqrscp", Endpoints.From(a.Title, a.Port, DimseRetrieval.Get), Endpoints.To(b.Title, b.Port, DimseRetrieval.Get), lanes: 1);
        var last = await Hop.RunAsync(_folder, "dcmqrscp to folder", Endpoints.From(b.Title, b.Port, DimseRetrieval.Move, listen), Endpoints.ToFolder(End));
        KnownExceptions.Check(second, KnownExceptions.OfDcmqrscp);
        KnownExceptions.Check(last, KnownExceptions.OfMovesOfDcmqrscp);
        await Arrival.CheckAsync(End, KnownEncodings.OfOrthancAndDcmqrscp, first, second, last);
        var otherEnd = Path.Join(_folder, "end by C-GET");
        var got = await Hop.RunAsync(_folder, "dcmqrscp to folder by C-GET", Endpoints.From(b.Title, b.Port, DimseRetrieval.Get), Endpoints.ToFolder(otherEnd));
        KnownExceptions.Check(got, KnownExceptions.None);
        await Arrival.CheckAsync(otherEnd, KnownEncodings.OfOrthancAndDcmqrscp, first, second, got);
    }

    [Fact]
    public async Task What_is_stored_and_read_by_dicomweb_arrives_as_it_was()
    {
        await using var a = await Orthanc.StartAsync(_folder, "WEB");
        var first = await Hop.RunAsync(_folder, "folder to Orthanc by STOW-RS", Endpoints.Corpus, Endpoints.ToWeb(a.Web));
        var last = await Hop.RunAsync(_folder, "Orthanc to folder by WADO-RS", Endpoints.FromWeb(a.Web), Endpoints.ToFolder(End));
        KnownExceptions.Check(first, KnownExceptions.OfStow);
        KnownExceptions.Check(last, KnownExceptions.None);
        await Arrival.CheckAsync(End, KnownEncodings.None, first, last);
    }

    [Fact]
    public async Task What_goes_from_dimse_to_dicomweb_and_back_to_dimse_arrives_as_it_was()
    {
        var (a, first) = await filled.GetAsync();
        await using var b = await Orthanc.StartAsync(_folder, "WEB");
        await using var c = await Orthanc.StartAsync(_folder, "THIRD");
        var second = await Hop.RunAsync(_folder, "Orthanc to Orthanc from DIMSE to DICOMweb", Endpoints.From(a.Title, a.Port, DimseRetrieval.Get), Endpoints.ToWeb(b.Web));
        var third = await Hop.RunAsync(_folder, "Orthanc to Orthanc from DICOMweb to DIMSE", Endpoints.FromWeb(b.Web), Endpoints.To(c.Title, c.Port, DimseRetrieval.Get));
        var last = await Hop.RunAsync(_folder, "Orthanc to folder by WADO-RS", Endpoints.FromWeb(c.Web), Endpoints.ToFolder(End));
        KnownExceptions.Check(second, KnownExceptions.None);
        KnownExceptions.Check(third, KnownExceptions.None);
        KnownExceptions.Check(last, KnownExceptions.None);
        await Arrival.CheckAsync(End, KnownEncodings.OfOrthanc, first, second, third, last);
    }
}
