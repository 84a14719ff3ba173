using System.Net;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>L3 over DICOMweb: what an archive says of an object, element by element, and no more than it says.</summary>
public sealed class MetadataEvidenceTests
{
    private const int Count = 12;
    private static readonly DicomTag PrivateBytes = new(0x00291001), Name = new(0x00100010);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Objects_are_verified_by_their_metadata_and_none_is_retrieved_for_it()
    {
        var (account, from, to, _) = await WebPeers.RunAsync(new(), evidence: EvidenceLevel.L3);
        Assert.Equal((true, Count), (account.IsClosed, (int)account.Count(EvidenceLevel.L3)));
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
        Assert.Equal(Count, to.Requests.Count(static r => r.EndsWith("/metadata", StringComparison.Ordinal)));
        Assert.DoesNotContain(to.Requests, static r => r.Contains("/instances/", StringComparison.Ordinal) && !r.EndsWith("/metadata", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_value_that_metadata_has_by_uri_alone_is_fetched_and_compared()
    {
        var (account, _, to, _) = await WebPeers.RunAsync(new(), new() { LongestInline = 0 }, evidence: EvidenceLevel.L3);
        Assert.Equal(Count, account.Count(EvidenceLevel.L3));
        Assert.Contains(to.Requests, static r => r.EndsWith("/bulk/00291001", StringComparison.Ordinal));
        Assert.DoesNotContain(to.Requests, static r => r.EndsWith("/bulk/7FE00010", StringComparison.Ordinal));
    }

    [Theory, InlineData(404), InlineData(400), InlineData(406), InlineData(200)]
    public async Task A_value_that_cannot_be_fetched_is_not_compared_and_its_object_not_verified(int status)
    {
        var (account, from, _, instances) = await WebPeers.RunAsync(new(), new()
        {
            LongestInline = 0, Answers = r => r.RequestUri!.AbsolutePath.EndsWith("/bulk/00291001", StringComparison.Ordinal) ? new((HttpStatusCode)status) : null,
        }, evidence: EvidenceLevel.L3);
        var names = Holding(from, PrivateBytes);
        Assert.InRange(names.Count, 1, Count - 1);
        Assert.Equal((Count - names.Count, names.Count), ((int)account.Count(EvidenceLevel.L3), (int)account.Count(FaultCode.NotCompared)));
        Assert.All(instances.Where(i => names.Contains(i.Identity.SopInstanceUid)), static i => Assert.Equal(new Fault(FaultCode.NotCompared, PrivateBytes), i.Current.Fault));
    }

    [Fact]
    public async Task An_object_that_the_archive_describes_otherwise_is_an_exception_and_the_element_is_named()
    {
        static PacsInstance Changed(PacsInstance i)
        {
            var dataSet = DataSet.Read(i.Bytes, i.TransferSyntax);
            dataSet.Set(Name, "Somebody^Else");
            return i with { Bytes = dataSet.ToArray(i.TransferSyntax) };
        }
        var changed = MadeUpInstances.Create(5, Count)[3].SopInstanceUid;
        var (account, _, _, instances) = await WebPeers.RunAsync(new(), new() { Describes = i => i.SopInstanceUid == changed ? Changed(i) : i }, evidence: EvidenceLevel.L3);
        Assert.Equal(Count - 1, account.Count(EvidenceLevel.L3));
        Assert.Equal(new Fault(FaultCode.UnexplainedDifference, Name), instances.Single(i => i.Identity.SopInstanceUid == changed).Current.Fault);
    }

    [Fact]
    public async Task A_target_that_is_not_read_back_serves_metadata_as_its_highest_evidence()
    {
        using var pacs = new ScriptedWebPacs();
        var target = WebPeers.Target(pacs, batches: static o => o.ReadsBack = false);
        Assert.Equal([EvidenceLevel.L3, EvidenceLevel.L1], target.Levels);
        Assert.Throws<ArgumentOutOfRangeException>(() => target.CollectAsync(EvidenceLevel.L4, [], Token));
    }

    [Fact]
    public async Task A_uri_that_leads_elsewhere_is_not_followed_and_values_beyond_the_limits_stay_where_they_are()
    {
        using var pacs = new ScriptedWebPacs { Script = new() { LongestInline = 0 } };
        foreach (var instance in MadeUpInstances.Create(5, Count)) pacs.Add(instance);
        var held = pacs.Instances.First(i => Holding(pacs, PrivateBytes).Contains(i.SopInstanceUid));
        var uri = $"studies/{held.StudyInstanceUid}/series/{held.SeriesInstanceUid}/instances/{held.SopInstanceUid}/bulk/00291001";
        var values = new BulkDataValues(WebPeers.Client(pacs));
        foreach (var elsewhere in new[] { "http://elsewhere.test/bulk", "https://pacs.test/dicom-web/bulk", "file:///etc/passwd", "http://[", "" })
            Assert.Null(await values.FetchAsync(new DicomJsonBulkDataUri(PrivateBytes, DicomVr.OB, elsewhere), Token));
        for (var i = 5; i < 256; i++) Assert.Equal(8, (await values.FetchAsync(new DicomJsonBulkDataUri(PrivateBytes, DicomVr.OB, uri), Token))!.Value.Length);
        Assert.Null(await values.FetchAsync(new DicomJsonBulkDataUri(PrivateBytes, DicomVr.OB, uri), Token));
        Assert.All(pacs.Requests, static r => Assert.True(r.EndsWith("/bulk/00291001", StringComparison.Ordinal) || r == "GET ", r));

        pacs.Add(WebPeers.OfOneStudy(1, 10 << 20).Single());
        values = new BulkDataValues(WebPeers.Client(pacs));
        var large = new DicomJsonBulkDataUri(new DicomTag(0x7FE00010), DicomVr.OB, "studies/2.25.900/series/2.25.900.1/instances/2.25.900.1.1/bulk/7FE00010");
        Assert.Equal(10 << 20, (await values.FetchAsync(large, Token))!.Value.Length);
        Assert.Null(await values.FetchAsync(large, Token)); // 20 MiB together
    }

    private static HashSet<string> Holding(ScriptedWebPacs pacs, DicomTag tag) =>
        [.. pacs.Instances.Where(i => DataSet.Read(i.Bytes, i.TransferSyntax).Find(tag) is not null).Select(static i => i.SopInstanceUid)];
}
