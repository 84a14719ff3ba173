using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Kinds of objects that an archive does not take, or takes in another encoding only.</summary>
public sealed class KindTests : IDisposable
{
    private const int Count = 24;
    private const string Implicit = "1.2.840.10008.1.2";
    private static readonly IReadOnlyList<MadeUpInstance> Instances = MadeUpInstances.Create(5, Count);
    private readonly Migration _migration = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _migration.Dispose();

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_kind_that_no_association_is_taken_with_costs_its_own_objects_alone(bool isRejected)
    {
        var poison = Instances[3].SopClassUid;
        await using var pacs = new ScriptedPacs();
        await using var proxy = new PoisonProxy(pacs, poison, isRejected);
        await using var target = Archives.Target(pacs, port: proxy.Port);
        var account = await _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L1);
        var refused = Instances.Count(i => i.SopClassUid == poison);
        Assert.True(refused is > 0 and < Count);
        Assert.Equal((true, Count - refused, refused), (account.IsClosed, (int)account.Count(EvidenceLevel.L1), (int)account.Count(FaultCode.NotNegotiable)));
    }

    [Fact]
    public async Task A_kind_that_is_taken_alone_is_sent_alone()
    {
        var poison = Instances[3].SopClassUid;
        await using var pacs = new ScriptedPacs();
        await using var proxy = new PoisonProxy(pacs, poison, isRejected: true) { TakesAlone = true };
        await using var target = Archives.Target(pacs, port: proxy.Port);
        Assert.Equal(Count, (await _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L1)).Count(EvidenceLevel.L1));
    }

    [Fact]
    public async Task What_was_sent_in_another_encoding_has_the_digest_of_what_was_sent_and_a_note()
    {
        await using var pacs = new ScriptedPacs { Script = new() { Accepts = static c => c.TransferSyntaxes[0] is not Implicit } };
        await using var target = Archives.Target(pacs, configure: static o => o.ChangesNativeTransferSyntax = true);
        var account = await _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L1);
        var changed = Instances.Count(static i => i.TransferSyntax.Uid is Implicit);
        Assert.True(changed > 0);
        Assert.Equal((Count, changed), ((int)account.Count(EvidenceLevel.L1), (int)account.Count(FaultCode.EncodingDiffers)));
        var held = pacs.Instances.ToDictionary(static i => i.SopInstanceUid, static i => new LedgerDigest(SHA256.HashData(i.Bytes.Span)), StringComparer.Ordinal);
        foreach (var instance in await _migration.InstancesAsync()) Assert.Equal(held[instance.Identity.SopInstanceUid], instance.Current.SentDigest);
    }

    [Theory, InlineData("LO", true), InlineData("SQ", true), InlineData("UN", false)]
    public async Task The_VR_of_a_private_element_is_not_lost(string vr, bool isLost)
    {
        var dataSet = Sample();
        dataSet.Add(DataElement.Text(new DicomTag(0x00290010), DicomVr.LO, ["MADE UP"]));
        dataSet.Add(vr switch
        {
            "LO" => DataElement.Text(new DicomTag(0x00291001), DicomVr.LO, ["A"]),
            "SQ" => DataElement.Sequence(new DicomTag(0x00291001), [new DataSet()]),
            _ => new DataElement(new DicomTag(0x00291001), DicomVr.UN, "A "u8.ToArray()),
        });
        var (outcome, held) = await StoreAsync(dataSet.ToArray(TransferSyntax.ExplicitVrLittleEndian), static c => c.TransferSyntaxes[0] is Implicit);
        if (isLost) Assert.Equal((StoreDisposition.NotStored, new Fault(FaultCode.NotTranscodable, new DicomTag(0x00291001)), 0), (outcome.Disposition, outcome.Fault!.Value, held.Count));
        else Assert.Equal((StoreDisposition.Stored, new Fault(FaultCode.EncodingDiffers), new LedgerDigest(SHA256.HashData(held[0].Bytes.Span))), (outcome.Disposition, outcome.Fault!.Value, outcome.SentDigest!.Value));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_is_too_long_to_be_changed_is_refused_by_its_length(bool isLengthKnown)
    {
        var dataSet = Sample();
        dataSet.Add(new DataElement(new DicomTag(0x00420011), DicomVr.OB, new byte[70_000]));
        var (outcome, held) = await StoreAsync(dataSet.ToArray(TransferSyntax.ExplicitVrLittleEndian), static c => c.TransferSyntaxes[0] is Implicit, isLengthKnown);
        Assert.Equal((FaultCode.DataSetTooLong, 0), (outcome.Fault!.Value.Code, held.Count));
    }

    private static DataSet Sample() => new()
    {
        DataElement.Text(new DicomTag(0x00080016), DicomVr.UI, ["1.2.840.10008.5.1.4.1.1.104.1"]), DataElement.Text(new DicomTag(0x00080018), DicomVr.UI, ["1.2.3.4"]),
        DataElement.Text(new DicomTag(0x0020000D), DicomVr.UI, ["1.2.3"]), DataElement.Text(new DicomTag(0x0020000E), DicomVr.UI, ["1.2.3.1"]),
    };

    private static async Task<(StoreOutcome Outcome, IReadOnlyList<PacsInstance> Held)> StoreAsync(byte[] bytes, Func<ContextProposal, bool> accepts, bool isLengthKnown = true)
    {
        await using var pacs = new ScriptedPacs { Script = new() { Accepts = accepts } };
        await using var target = Archives.Target(pacs, configure: static o => (o.ChangesNativeTransferSyntax, o.MaxChangedLength) = (true, 65_536));
        await using var session = await target.OpenSessionAsync(Token);
        var receipt = await session.StoreAsync(new Dicom.Migration.OutgoingInstance
        {
            StudyInstanceUid = "1.2.3", SeriesInstanceUid = "1.2.3.1", SopClassUid = "1.2.840.10008.5.1.4.1.1.104.1", SopInstanceUid = "1.2.3.4", TransferSyntax = TransferSyntax.ExplicitVrLittleEndian,
            Length = isLengthKnown ? bytes.Length : null, Body = PipeReader.Create(new ReadOnlySequence<byte>(bytes)),
        }, Token);
        await session.FlushAsync(Token);
        return (await receipt.Acknowledged, pacs.Instances);
    }
}
