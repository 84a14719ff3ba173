using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>What an archive accepts is found out without storing anything.</summary>
public sealed class ProbeTests
{
    [Fact]
    public async Task The_matrix_has_every_sop_class_and_transfer_syntax_and_tells_what_is_refused()
    {
        await using var pacs = new ScriptedPacs { Script = new PacsScript { Accepts = static c => c.TransferSyntaxes[0] is not "1.2.840.10008.1.2.4.90", HasNoCommitment = true } };
        var options = Archives.Reach(new DimseTargetOptions(), pacs.Port, DimseRetrieval.Get);
        var result = await DimseProbe.RunAsync(options, TimeProvider.System, mostAssociations: 3, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(result.Matrix.Count > 100 * options.TransferSyntaxes.Count);
        Assert.Equal(result.Matrix.Count, result.Matrix.Distinct().Count());
        Assert.All(result.Matrix, static cell => Assert.Equal(cell.TransferSyntaxUid is not "1.2.840.10008.1.2.4.90", cell.IsAccepted));
        Assert.Equal((262_144L, 16, 3, false), (result.MaxPduLength, result.OperationsWindow, result.Associations, result.IsAssociationLimit));
        Assert.Equal((true, true, true, false), (result.HasFind, result.HasGet, result.HasMove, result.HasCommitment));
        Assert.Equal(DimseStatus.Success, result.Echo);
        Assert.Equal(0, pacs.Stores);
    }

    [Fact]
    public async Task The_end_of_the_archive_s_certificate_is_told()
    {
        using var pki = new Services.TestPki();
        var theirs = pki.Good();
        await using var listener = Services.TlsPeers.Listen(new Services.SmallArchive(), new DimseTls(() => theirs));
        var options = Archives.Reach(new DimseTargetOptions(), listener.EndPoint.Port, DimseRetrieval.Get);
        options.Security = new DimseTls(() => pki.Good());
        var result = await DimseProbe.RunAsync(options, TimeProvider.System, [], 1, TestContext.Current.CancellationToken);
        Assert.Equal(theirs.Certificate!.NotAfter.ToUniversalTime(), result.CertificateEnds!.Value.UtcDateTime);
        await using var plain = Services.TlsPeers.Listen(new Services.SmallArchive(), DimseSecurity.Plaintext);
        (options.Port, options.Security) = (plain.EndPoint.Port, DimseSecurity.Plaintext);
        Assert.Null((await DimseProbe.RunAsync(options, TimeProvider.System, [], 1, TestContext.Current.CancellationToken)).CertificateEnds);
    }

    [Theory, InlineData(1), InlineData(3)]
    public async Task The_limit_of_associations_is_found(int most)
    {
        await using var pacs = new ScriptedPacs { Script = new PacsScript { MostAssociations = most } };
        var result = await ProbeAsync(pacs.Port);
        Assert.Equal((most, true), (result.Associations, result.IsAssociationLimit));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_rejection_is_a_limit_whatever_its_reason(bool isForNow)
    {
        var asked = 0;
        await using var pacs = new ScriptedPacs { Script = new PacsScript { Admits = _ => Interlocked.Increment(ref asked) is 4 ? isForNow ? AssociationDecision.LocalLimitExceeded : AssociationDecision.NoReason : AssociationDecision.Accept } };
        var result = await ProbeAsync(pacs.Port); // the first is for the services
        Assert.Equal((2, true), (result.Associations, result.IsAssociationLimit));
    }

    [Fact]
    public async Task A_connection_that_is_lost_is_no_limit()
    {
        var asked = 0;
        await using var pacs = new ScriptedPacs { Script = new PacsScript { Admits = _ => Interlocked.Increment(ref asked) is 4 ? throw new IOException("made up") : AssociationDecision.Accept } };
        var result = await ProbeAsync(pacs.Port);
        Assert.Equal((2, false), (result.Associations, result.IsAssociationLimit));
    }

    [Theory, InlineData("1.2.840.10008.5.1.4.1.1.1.1"), InlineData("1.2.840.10008.5.1.4.1.1.1.2"), InlineData("1.2.840.10008.5.1.4.1.1.1.2.1")]
    public async Task Digital_x_ray_and_mammography_are_in_the_matrix(string sopClassUid)
    {
        await using var pacs = new ScriptedPacs();
        Assert.Contains((await DimseProbe.RunAsync(Archives.Reach(new DimseTargetOptions { TransferSyntaxes = ["1.2.840.10008.1.2.1"] }, pacs.Port, DimseRetrieval.Get), TimeProvider.System, mostAssociations: 1,
            cancellationToken: TestContext.Current.CancellationToken)).Matrix, c => c.SopClassUid == sopClassUid);
    }

    private static Task<DimseProbeResult> ProbeAsync(int port) =>
        DimseProbe.RunAsync(Archives.Reach(new DimseTargetOptions(), port, DimseRetrieval.Get), TimeProvider.System, ["1.2.840.10008.5.1.4.1.1.7"], 5, TestContext.Current.CancellationToken);
}
