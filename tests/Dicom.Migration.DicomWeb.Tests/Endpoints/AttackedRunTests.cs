using System.Net;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>Whole runs between archives that misbehave: it is found, it has a class, and nothing counts as stored or Verified that is not.</summary>
public sealed class AttackedRunTests
{
    private const int Count = 12;

    private static HashSet<string> Some(int count) => [.. MadeUpInstances.Create(5, Count).Take(count).Select(static i => i.SopInstanceUid)];

    [Fact]
    public async Task All_objects_pass_from_one_archive_to_another_and_are_verified_by_content()
    {
        var (account, from, to, _) = await WebPeers.RunAsync(new());
        Assert.Equal((Count, Count), ((int)account.Count(EvidenceLevel.L4), (int)account.Discovered));
        Assert.True(account.IsClosed);
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Fact]
    public async Task Instances_that_are_listed_and_never_come_are_exceptions_each()
    {
        var names = Some(2);
        var (account, _, to, _) = await WebPeers.RunAsync(new() { Withholds = i => names.Contains(i.SopInstanceUid) });
        Assert.Equal((Count - 2, 2), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
        Assert.Equal(Count - 2, to.Instances.Count);
    }

    [Fact]
    public async Task Instances_that_neither_come_nor_are_counted_are_exceptions_too()
    {
        var names = Some(2);
        var (account, _, _, _) = await WebPeers.RunAsync(new() { GivesNoCounts = true, Withholds = i => names.Contains(i.SopInstanceUid) });
        Assert.Equal((Count - 2, 2), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task Instances_that_come_twice_arrive_once()
    {
        var (account, from, to, _) = await WebPeers.RunAsync(new() { SendsTwice = true });
        Assert.True(account.IsClosed);
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Fact]
    public async Task Instances_of_other_studies_are_not_taken_for_those_of_this()
    {
        var (account, from, to, _) = await WebPeers.RunAsync(new() { SendsUnrequested = true });
        Assert.Equal(Count, account.Count(EvidenceLevel.L4));
        Assert.True(account.Count(FaultCode.Unrequested) > 0);
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Fact]
    public async Task A_part_for_another_instance_is_not_taken_for_the_one_that_was_asked_for()
    {
        // 4.6: whatever is asked for, one and the same instance comes.
        var other = WebPeers.OfOneStudy(1, 100, "2.25.77").Single();
        var (account, _, to, _) = await WebPeers.RunAsync(new() { Sends = _ => other });
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.NotDelivered)));
        Assert.Empty(to.Instances);
    }

    [Fact]
    public async Task What_a_source_decompresses_is_what_it_gives_and_what_the_target_changes_is_found()
    {
        // 4.6: read back in another encoding than was sent, as after a silent decompression at the target.
        var (account, _, _, _) = await WebPeers.RunAsync(new(), new() { Sends = Recoded });
        Assert.Equal(Count, account.Count(InstanceState.Verified)); // the content is the same
        Assert.True(account.Count(FaultCode.EncodingDiffers) > 0); // and what became of it is on record
    }

    [Fact]
    public async Task What_a_target_changes_inside_is_never_verified()
    {
        var names = Some(3);
        PacsInstance Changed(PacsInstance i)
        {
            if (!names.Contains(i.SopInstanceUid)) return i;
            var bytes = i.Bytes.ToArray();
            bytes[^1] ^= 1;
            return i with { Bytes = bytes };
        }
        var (account, _, _, instances) = await WebPeers.RunAsync(new(), new() { Sends = Changed });
        Assert.Equal(Count - 3, account.Count(InstanceState.Verified));
        Assert.All(instances, i => Assert.Equal(!names.Contains(i.Identity.SopInstanceUid!), i.Current.State is InstanceState.Verified));
    }

    [Theory, InlineData(EvidenceLevel.L4), InlineData(EvidenceLevel.L3), InlineData(EvidenceLevel.L1)]
    public async Task What_a_target_lists_as_stored_and_does_not_hold_is_never_verified(EvidenceLevel evidence)
    {
        var (account, _, to, _) = await WebPeers.RunAsync(new(), new() { StoresNothing = true }, evidence: evidence);
        Assert.Equal(0, account.Count(InstanceState.Verified));
        Assert.Empty(to.Instances);
    }

    [Theory, InlineData(WebPacsListing.LeftOut), InlineData(WebPacsListing.Failed), InlineData(WebPacsListing.Both)]
    public async Task What_a_target_does_not_list_as_stored_is_not_stored(WebPacsListing listing)
    {
        var names = Some(3);
        var (account, _, _, instances) = await WebPeers.RunAsync(new(), new() { Lists = i => names.Contains(i.SopInstanceUid) ? listing : WebPacsListing.Stored });
        Assert.Equal(Count - 3, account.Count(EvidenceLevel.L4));
        Assert.All(instances, i => Assert.Equal(!names.Contains(i.Identity.SopInstanceUid!), i.Current.State is InstanceState.Verified));
    }

    [Fact]
    public async Task What_is_stored_and_not_listed_is_found_there_when_it_is_tried_again()
    {
        var names = Some(3);
        var (account, from, to, _) = await WebPeers.RunAsync(new(), new() { Lists = i => names.Contains(i.SopInstanceUid) ? WebPacsListing.StoredAndLeftOut : WebPacsListing.Stored });
        Assert.Equal(0, account.Count(InstanceState.Verified) - account.Count(EvidenceLevel.L4));
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to)); // no object twice
    }

    [Theory, InlineData(200), InlineData(202), InlineData(400), InlineData(409)]
    public async Task The_lists_of_an_answer_decide_whatever_its_status(int status)
    {
        // 400 with the good ones listed as stored, as of Orthanc: one bad object never takes the good ones with it.
        var bad = Some(1).Single();
        var (account, from, to, _) = await WebPeers.RunAsync(new(), new() { Lists = i => i.SopInstanceUid == bad ? WebPacsListing.LeftOut : WebPacsListing.Stored, StoreStatus = (_, _) => status });
        Assert.Equal(Count - 1, account.Count(EvidenceLevel.L4));
        Assert.Equal(from.Instances.Count - 1, to.Instances.Count);
    }

    [Theory, InlineData("login"), InlineData("empty"), InlineData("partial"), InlineData("wrong type")]
    public async Task Answers_that_are_none_store_nothing_and_lose_nothing(string kind)
    {
        HttpResponseMessage? Answer(HttpRequestMessage request) => request.Method != HttpMethod.Post ? null : kind switch
        {
            "login" => new(HttpStatusCode.OK) { Content = new StringContent("<html>log in</html>", Encoding.UTF8, "text/html") },
            "empty" => new(HttpStatusCode.OK) { Content = new ByteArrayContent([]) },
            "partial" => new(HttpStatusCode.PartialContent) { Content = new StringContent("{\"00081199\":{\"vr\":\"SQ\",\"Value\":[", Encoding.UTF8, "application/dicom+json") },
            _ => new(HttpStatusCode.OK) { Content = new StringContent("{}", Encoding.UTF8, "application/dicom+json") },
        };
        var (account, _, to, _) = await WebPeers.RunAsync(new(), new() { Answers = Answer });
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Discovered));
        Assert.Empty(to.Instances);
    }

    [Theory, InlineData("login"), InlineData("no parts"), InlineData("partial"), InlineData("no boundary"), InlineData("other boundary"), InlineData("long boundary")]
    public async Task Answers_to_a_retrieval_that_are_none_are_never_fewer_instances(string kind)
    {
        var script = kind switch
        {
            "no boundary" => new WebPacsScript { Labels = static _ => "multipart/related; type=\"application/dicom\"" },
            "other boundary" => new WebPacsScript { Labels = static _ => "multipart/related; type=\"application/dicom\"; boundary=another" },
            "long boundary" => new WebPacsScript { Labels = static _ => $"multipart/related; type=\"application/dicom\"; boundary={new string('x', 1_000)}" },
            "no parts" => new WebPacsScript { Damages = static _ => "\r\n--scripted-boundary--\r\n"u8.ToArray() },
            _ => new WebPacsScript
            {
                Answers = r => !IsRetrieval(r) ? null : kind is "login" ? new(HttpStatusCode.OK) { Content = new StringContent("<html>log in</html>", Encoding.UTF8, "text/html") } : new(HttpStatusCode.PartialContent) { Content = new ByteArrayContent([]) },
            },
        };
        var (account, _, to, instances) = await WebPeers.RunAsync(script);
        Assert.Equal(0, account.Count(InstanceState.Verified));
        Assert.Empty(to.Instances);
        // Every one of them is on record as not there: by name, or by the number that the unit was said to have.
        Assert.True(account.Discovered + account.InstancesNotSeen >= Count || account.UnitsPending > 0, $"{account.Discovered} on record, {account.InstancesNotSeen} not seen, {instances.Count} rows");
        Assert.False(account.IsClosed && account.Count(InstanceState.Verified) == account.Discovered);

        static bool IsRetrieval(HttpRequestMessage r) => r.Method == HttpMethod.Get && !r.RequestUri!.Query.Contains("limit", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_answers_without_a_final_boundary_the_last_instance_is_never_verified()
    {
        // Those before it end at boundaries of their own; of the last nobody knows whether it is whole, asked for alone or not.
        var last = MadeUpInstances.Create(5, Count).GroupBy(static i => i.StudyInstanceUid).Select(static s => s.Last().SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        var (account, _, to, instances) = await WebPeers.RunAsync(new() { Damages = static b => b[..^8], GivesNoLength = true });
        Assert.Equal(Count - last.Count, account.Count(EvidenceLevel.L4));
        Assert.Equal(Count - last.Count, to.Instances.Count);
        Assert.DoesNotContain(to.Instances, i => last.Contains(i.SopInstanceUid));
        Assert.False(account.IsClosed && account.Discovered < Count);
    }

    [Fact]
    public async Task An_archive_that_compresses_unasked_cannot_be_read_and_says_why()
    {
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => WebPeers.RunAsync(new() { CompressesUnasked = true }));
        Assert.Equal(FaultCode.ProtocolViolation, e.Fault.Code);
    }

    private static PacsInstance Recoded(PacsInstance i) => i.TransferSyntax != TransferSyntax.ExplicitVrLittleEndian ? i
        : i with { TransferSyntax = TransferSyntax.ImplicitVrLittleEndian, Bytes = DataSet.Read(i.Bytes, i.TransferSyntax).ToArray(TransferSyntax.ImplicitVrLittleEndian) };
}
