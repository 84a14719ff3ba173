using Dicom.Migration.Dimse;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>PS3.4 Annex J with somebody else's archive on the other side, in both roles: it reports over an association of its own.</summary>
public sealed class OrthancCommitmentTests : IDisposable
{
    private const int Objects = 12;
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private static IReadOnlyList<MadeUpInstance> Made => MadeUpInstances.Create(7, Objects);
    private string Start => Path.Join(_folder, "start");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_an_orthanc_commits_to_is_verified_and_what_it_does_not_hold_is_missing()
    {
        await using var archive = await Orthanc.StartAsync(_folder, "KEEPER");
        Directory.CreateDirectory(Start);
        foreach (var made in Made) await File.WriteAllBytesAsync(Path.Join(Start, made.SopInstanceUid + ".dcm"), made.Bytes.ToArray(), Token);
        await using var target = new DimseTarget("to", Options(archive), TimeProvider.System);
        await archive.KnowAsync(Endpoints.ReadingBack, target.ListenPort);
        var hop = await Hop.RunAsync(_folder, "folder to Orthanc", Endpoints.FromFolder(Start), Endpoints.To(archive.Title, archive.Port, DimseRetrieval.Get, static o => o.AsksForCommitment = true),
            (_, to) => archive.KnowAsync(Endpoints.ReadingBack, ((DimseTarget)to).ListenPort), evidence: EvidenceLevel.L2);
        Assert.Equal(Objects, hop.Verified.Count());

        await archive.KnowAsync(Endpoints.ReadingBack, target.ListenPort);
        var held = hop.Verified.First().Identity;
        var reference = new StoredReference(held.StudyInstanceUid!, held.SeriesInstanceUid!, held.SopClassUid!, held.SopInstanceUid);
        var faults = new Dictionary<string, FaultCode>();
        foreach (var asked in (StoredReference[])[reference, reference with { SopInstanceUid = "1.2.3.404" }])
            await foreach (var item in target.CollectAsync(EvidenceLevel.L2, [asked], Token)) faults[item.Reference.SopInstanceUid] = item.Fault?.Code ?? FaultCode.None;
        Assert.Equal((FaultCode.None, FaultCode.MissingAtTarget), (faults[held.SopInstanceUid], faults["1.2.3.404"]));
        // 0119, class / instance conflict: it holds something, and not this.
        await foreach (var item in target.CollectAsync(EvidenceLevel.L2, [reference with { SopClassUid = "1.2.840.10008.5.1.4.1.1.12.1" }], Token)) Assert.Equal(FaultCode.UnreadableAtTarget, item.Fault?.Code);
    }

    [Fact]
    public async Task An_orthanc_that_asks_our_listener_gets_a_report_of_what_is_held_and_what_is_not()
    {
        await using var asking = await Orthanc.StartAsync(_folder, "ASKING");
        await using var pacs = new ScriptedPacs();
        pacs.Destinations[asking.Title] = asking.Port;
        await asking.KnowAsync(ScriptedPacs.AeTitle, pacs.Port);
        foreach (var made in Made) pacs.Add(made);
        var held = pacs.Instances.Select(static i => (i.SopClassUid, i.SopInstanceUid)).ToList();

        var (status, committed) = await asking.AskCommitmentAsync(ScriptedPacs.AeTitle, held);
        Assert.Equal(("Success", Objects, true), (status, committed.Count, committed.Values.All(static c => c)));

        (status, committed) = await asking.AskCommitmentAsync(ScriptedPacs.AeTitle, [.. held, ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.404")]);
        Assert.Equal("Failure", status);
        Assert.Equal(["1.2.3.404"], committed.Where(static c => !c.Value).Select(static c => c.Key));
        Assert.Equal(Objects, committed.Count(static c => c.Value));
    }

    private static DimseTargetOptions Options(Orthanc archive) => new()
    {
        Host = "127.0.0.1", Port = archive.Port, CalledAeTitle = archive.Title, CallingAeTitle = Endpoints.ReadingBack, Security = DimseSecurity.Plaintext, ListenAddress = "127.0.0.1", ListenPort = 0,
        AsksForCommitment = true, VisibilityTimeout = TimeSpan.Zero,
    };
}
