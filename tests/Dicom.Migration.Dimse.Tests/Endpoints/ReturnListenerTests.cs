using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Who may bring something to the listener for C-MOVE and storage commitment, and what.</summary>
public sealed class ReturnListenerTests
{
    private const string Verification = "1.2.840.10008.1.1";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_third_party_cannot_plant_an_object_while_a_c_move_is_on()
    {
        await using var old = Archives.Filled(12);
        await using var source = Archives.Source(old, DimseRetrieval.Move);
        var study = old.Instances.GroupBy(static i => i.StudyInstanceUid).MaxBy(static g => g.Count())!.ToList();
        await using var items = source.ReadAsync(new SourceUnit(study[0].StudyInstanceUid, SourceUnitKind.Study), Token).GetAsyncEnumerator(Token);
        Assert.True(await items.MoveNextAsync()); // from here on it is on, and waits

        // Under a title of its own it is turned away.
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(source, "THIRD", study[0]));
        Assert.Equal(FaultCode.AssociationRejected, e.Fault.Code);

        // Under the archive's, what nobody asked for is refused, and so is what belongs to another's C-MOVE.
        await using var liar = await ConnectAsync(source, ScriptedPacs.AeTitle, study[0]);
        Assert.True((await liar.StoreAsync(Outgoing(study[0] with { SopInstanceUid = "2.25.99" }), null, Token)).IsFailure);
        Assert.True((await liar.StoreAsync(Outgoing(study[0]), new MoveOriginator("OTHER", 1), Token)).IsFailure);
        await liar.ReleaseAsync();

        var names = new List<string>();
        do
        {
            await using var item = items.Current;
            if (item is SourceInstance instance) await instance.Body.CopyToAsync(Stream.Null, Token);
            names.Add(item is SourceInstance ? item.Place : $"{((SourceFinding)item).Fault!.Value.Code}");
        }
        while (await items.MoveNextAsync());
        Assert.Equal(study.Select(static i => i.SopInstanceUid).Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_archive_that_sends_from_a_node_that_is_not_named_is_turned_away_and_the_message_says_so()
    {
        await using var old = Archives.Filled(1);
        await using var source = Archives.Source(old, DimseRetrieval.Move, static o => (o.ReturnAddresses, o.SettleTimeout) = (["203.0.113.1"], TimeSpan.FromMilliseconds(50)));
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => ReadAsync(source, old));
        Assert.Equal(FaultCode.InvalidConfiguration, e.Fault.Code);
        Assert.Contains(nameof(DimsePeerOptions.ReturnAddresses), e.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("any"), InlineData("localhost"), InlineData("127.0.0.1")]
    public async Task An_archive_may_send_from_nodes_that_are_named_and_under_titles_that_are(string node)
    {
        await using var old = Archives.Filled(1);
        await using var source = Archives.Source(old, DimseRetrieval.Move, o => (o.ReturnAddresses, o.ReturnAeTitles, o.CalledAeTitle) = (["203.0.113.1", node], ["OTHER", ScriptedPacs.AeTitle], "QUERY"));
        Assert.IsType<SourceInstance>(Assert.Single(await ReadAsync(source, old)));
    }

    [Fact]
    public async Task A_destination_can_be_tested_by_c_echo_when_nothing_is_waited_for_and_takes_nothing_else()
    {
        await using var old = Archives.Filled(1);
        await using var source = Archives.Source(old, DimseRetrieval.Move);
        await using var archive = await ConnectAsync(source, ScriptedPacs.AeTitle, old.Instances[0]);
        Assert.True((await archive.EchoAsync(Token)).IsSuccess);
        Assert.Null(archive.Find(old.Instances[0].SopClassUid));
        await archive.ReleaseAsync();
    }

    private static async Task<List<SourceItem>> ReadAsync(DimseSource source, ScriptedPacs pacs)
    {
        var items = new List<SourceItem>();
        await foreach (var item in source.ReadAsync(new SourceUnit(pacs.Instances[0].StudyInstanceUid, SourceUnitKind.Study), Token))
        {
            items.Add(item);
            await item.DisposeAsync();
        }

        return items;
    }

    private static Task<DimseAssociation> ConnectAsync(DimseSource source, string title, PacsInstance instance) => DimseAssociation.ConnectAsync("127.0.0.1", source.ListenPort, "ME",
        [new ContextProposal(Verification, ["1.2.840.10008.1.2"]), new ContextProposal(instance.SopClassUid, [instance.TransferSyntax.Uid])],
        new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = title }, TimeProvider.System, null, Token);

    private static OutgoingInstance Outgoing(PacsInstance i) =>
        new(i.SopClassUid, i.SopInstanceUid, i.TransferSyntax.Uid, _ => ValueTask.FromResult(System.IO.Pipelines.PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(i.Bytes))));
}
