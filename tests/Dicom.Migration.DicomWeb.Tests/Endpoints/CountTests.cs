using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>The number of instances that an archive gives for a study is a claim among claims: it invents no loss, and hides none.</summary>
public sealed class CountTests
{
    private const string Study = "2.25.900";
    private const int Held = 4;

    [Fact]
    public async Task A_number_that_an_object_brought_along_is_one_line_and_no_loss()
    {
        using var pacs = Filled(said: 896);
        var (account, from, to, instances) = await WebPeers.RunAsync(new() { Counts = static _ => 896 }, filled: pacs);
        Assert.True(account.IsClosed);
        Assert.Equal((Held, 1, 0), (account.Count(EvidenceLevel.L4), account.Count(InstanceState.Excluded), account.Count(InstanceState.Excepted)));
        Assert.Equal(SourceFinding.ContradictedCount, instances.Single(static i => i.Current.State is InstanceState.Excluded).Current.Rule);
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Fact]
    public async Task A_number_that_is_old_is_one_line_where_the_archive_is_seen_to_list_more_at_once()
    {
        using var pacs = Filled(said: null);
        foreach (var instance in WebPeers.OfOneStudy(3, 40, "2.25.901", "P2")) pacs.Add(instance);
        var (account, _, _, _) = await WebPeers.RunAsync(new() { Counts = static held => held + 1_000 }, filled: pacs);
        Assert.True(account.IsClosed);
        Assert.Equal((Held + 3, 2, 0), (account.Count(EvidenceLevel.L4), account.Count(InstanceState.Excluded), account.Count(InstanceState.Excepted)));
    }

    [Fact]
    public async Task What_is_listed_and_does_not_come_is_one_exception_beside_a_number_that_is_wrong()
    {
        using var pacs = Filled(said: 896);
        var (account, _, _, _) = await WebPeers.RunAsync(new() { Counts = static _ => 896, Withholds = static i => i.SopInstanceUid.EndsWith(".2", StringComparison.Ordinal) }, filled: pacs);
        Assert.True(account.IsClosed);
        Assert.Equal((Held - 1, 1, 1), (account.Count(EvidenceLevel.L4), account.Count(InstanceState.Excluded), account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task A_number_is_believed_where_nothing_shows_that_the_list_is_not_cut_off()
    {
        using var pacs = Filled(said: null);
        var (account, _, _, _) = await WebPeers.RunAsync(new() { Counts = static held => held + 5 }, filled: pacs);
        Assert.Equal((Held, 0, 5), (account.Count(EvidenceLevel.L4), account.Count(InstanceState.Excluded), account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task A_cap_that_nobody_mentions_hides_no_instance()
    {
        using var pacs = WebPeers.Filled(9);
        foreach (var instance in WebPeers.OfOneStudy(9, 40)) pacs.Add(instance);
        // It lists six of any query, and of the study it sends no more than those.
        var script = new WebPacsScript { Cap = 5, Withholds = static i => i.StudyInstanceUid == Study && i.SopInstanceUid[^1] > '6' };
        var (account, _, _, instances) = await WebPeers.RunAsync(script, filled: pacs);
        Assert.Equal(0, account.Count(InstanceState.Excluded));
        Assert.Equal(3, instances.Count(static i => i.Identity.UnitKey == Study && i.Current.Fault is { Code: FaultCode.NotDelivered }));
    }

    [Fact]
    public async Task A_list_that_ignores_offsets_proves_nothing_whatever_stands_in_an_object()
    {
        using var pacs = Filled(said: 9);
        var (account, _, _, _) = await WebPeers.RunAsync(new() { Counts = static _ => 9, Paging = WebPacsPaging.OffsetIgnored }, filled: pacs);
        Assert.Equal((Held, 0, 5), (account.Count(EvidenceLevel.L4), account.Count(InstanceState.Excluded), account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task An_instance_that_comes_and_is_not_listed_shows_that_the_list_is_cut_off()
    {
        using var pacs = Filled(said: 9);
        // The list is short of one, which the study's answer has.
        var script = new WebPacsScript { Counts = static _ => 9, Cap = Held - 2 };
        var (account, _, _, _) = await WebPeers.RunAsync(script, filled: pacs);
        Assert.Equal((Held, 0, 9 - Held), (account.Count(EvidenceLevel.L4), account.Count(InstanceState.Excluded), account.Count(FaultCode.NotDelivered)));
    }

    private static ScriptedWebPacs Filled(int? said)
    {
        var pacs = new ScriptedWebPacs();
        foreach (var instance in WebPeers.OfOneStudy(Held, 40))
        {
            if (said is not { } number)
            {
                pacs.Add(instance);
                continue;
            }
            var dataSet = DataSet.Read(instance.Bytes, instance.TransferSyntax);
            DataSet carrying = [.. dataSet.Where(static e => e.Tag.Group < 0x7FE0), DataElement.Text(DicomTags.NumberOfStudyRelatedInstances, DicomVr.IS, [number.ToString(System.Globalization.CultureInfo.InvariantCulture)]), .. dataSet.Where(static e => e.Tag.Group >= 0x7FE0)];
            pacs.Add(PacsInstance.Read(carrying.ToArray(instance.TransferSyntax), instance.TransferSyntax));
        }
        return pacs;
    }
}
