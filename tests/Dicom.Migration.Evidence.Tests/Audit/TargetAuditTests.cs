using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;
using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.Evidence.Tests.Audit;

public sealed class TargetAuditTests : IDisposable
{
    private static readonly byte[] Body = Made.Join(Made.Image("2.25.9"));
    private readonly TemporaryLedger _file = new();
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task What_the_target_does_not_answer_for_is_missing() =>
        Assert.All(await AuditAsync(3, _ => null), f => Assert.Equal((DifferenceClass.Missing, true), (f.Class, f.Counts)));

    [Fact]
    public async Task The_same_bytes_are_equal_and_come_in_the_order_of_their_numbers()
    {
        var findings = await AuditAsync(5, r => Item(r, Body));
        Assert.All(findings, f => Assert.Equal((DifferenceClass.Equal, (long)Body.Length), (f.Class, f.Bytes)));
        Assert.Equal(findings.Select(f => f.Number).Order(), findings.Select(f => f.Number));
        Assert.Equal(5, findings.Count);
    }

    [Fact]
    public async Task Other_bytes_are_unexplained_when_the_source_is_not_at_hand() =>
        Assert.All(await AuditAsync(1, r => Item(r, Body[..^2])), f => Assert.Equal(DifferenceClass.Unexplained, f.Class));

    [Fact]
    public async Task The_same_bytes_under_another_transfer_syntax_are_not_equal() =>
        Assert.All(await AuditAsync(1, r => Item(r, Body, TransferSyntax.ExplicitVrBigEndian)), f => Assert.True(f.Counts));

    [Fact]
    public async Task A_body_that_breaks_off_is_unreadable_and_the_next_is_read()
    {
        var findings = await AuditAsync(2, r => r.SopInstanceUid.EndsWith(".0", StringComparison.Ordinal) ? new EvidenceItem(r, EvidenceLevel.L4) { Body = PipeReader.Create(new BrokenStream()) } : Item(r, Body));
        Assert.Equal([DifferenceClass.Unreadable, DifferenceClass.Equal], findings.Select(f => f.Class));
    }

    [Fact]
    public async Task A_sample_has_as_many_objects_as_were_asked_for_and_the_seed_draws_them_again()
    {
        var options = new AuditOptions { Sample = 7, Seed = 42 };
        var first = await AuditAsync(60, r => Item(r, Body), options);
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        var again = await ReadAsync(new TargetAudit(ledger, new ScriptedTarget(r => Item(r, Body)), options));
        Assert.Equal(7, first.Select(f => f.Number).Distinct().Count());
        Assert.Equal(first.Select(f => f.Number), again.Select(f => f.Number));
        var other = await ReadAsync(new TargetAudit(ledger, new ScriptedTarget(r => Item(r, Body)), new AuditOptions { Sample = 7, Seed = 43 }));
        Assert.NotEqual(first.Select(f => f.Number), other.Select(f => f.Number));
    }

    [Fact]
    public async Task A_target_that_does_not_show_content_is_refused()
    {
        await FillAsync(1);
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        var refused = Assert.Throws<EvidenceException>(() => new TargetAudit(ledger, new ScriptedTarget(_ => null, EvidenceLevel.L1)));
        Assert.Equal(FaultCode.InvalidConfiguration, refused.Fault.Code);
        Assert.Throws<EvidenceException>(() => new TargetAudit(ledger, new ScriptedTarget(_ => null), new AuditOptions { Sample = 0 }));
        Assert.Throws<EvidenceException>(() => new TargetAudit(ledger, new ScriptedTarget(_ => null), new AuditOptions { Seed = 1 }));
    }

    [Fact]
    public async Task An_object_whose_place_is_on_record_is_asked_for_by_its_place()
    {
        await FillAsync(1, "a/b/c~beside.dcm");
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        var finding = Assert.Single(await ReadAsync(new TargetAudit(ledger, new ScriptedTarget(r => r.Location == "a/b/c~beside.dcm" ? Item(r, Body) : null))));
        Assert.Equal(DifferenceClass.Equal, finding.Class);
    }

    private static EvidenceItem Item(StoredReference reference, byte[] body, TransferSyntax? syntax = null) =>
        new(reference, EvidenceLevel.L4) { Body = Made.Pipe(body), TransferSyntax = syntax ?? TransferSyntax.ExplicitVrLittleEndian };

    private async Task<List<AuditFinding>> AuditAsync(int objects, Func<StoredReference, EvidenceItem?> show, AuditOptions? options = null)
    {
        await FillAsync(objects);
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        return await ReadAsync(new TargetAudit(ledger, new ScriptedTarget(show), options ?? new AuditOptions { BatchLength = 2 }));
    }

    private Task FillAsync(int objects, string? location = null)
    {
        var verified = new LedgerOutcome(InstanceState.Verified) { Evidence = EvidenceLevel.L4, TargetDigest = new LedgerDigest(SHA256.HashData(Body)), TargetLocation = location };
        return _file.FillAsync("unit", true, [.. Enumerable.Range(0, objects).Select(i => new LedgerDiscovery("unit", FormattableString.Invariant($"2.25.9.{i}"))
        {
            SopClassUid = Made.SecondaryCapture,
            TransferSyntaxUid = TransferSyntax.ExplicitVrLittleEndian.Uid,
            Then = verified,
        })]);
    }

    private static async Task<List<AuditFinding>> ReadAsync(TargetAudit audit)
    {
        var findings = new List<AuditFinding>();
        await foreach (var finding in audit.ReadAsync(Stop)) findings.Add(finding);
        return findings;
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("The device is gone.");
    }
}
