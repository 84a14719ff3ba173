using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>A rule leaves out, or changes, exactly what it says; everything else of the object stays byte for byte.</summary>
public sealed class RuleTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task What_a_rule_excludes_is_not_sent_and_is_counted_under_its_name()
    {
        var target = new ScriptedTarget();
        var account = await _bench.RunAsync(RunBench.Many(6), target, rules: [new ScriptedRule("no-odd-ones", subject => Uid(subject).EndsWith('1') ? RuleVerdict.Exclude("no-odd-ones") : RuleVerdict.Accept)]);
        Assert.True(account.IsClosed);
        Assert.Equal((5L, 1L), (account.Count(InstanceState.Verified), account.Count(InstanceState.Excluded)));
        Assert.Equal("no-odd-ones", account.Lines.Single(l => l.State == InstanceState.Excluded).Rule);
        Assert.DoesNotContain("1.2.3.1001", target.Held.Keys);
    }

    [Fact]
    public async Task The_rule_in_the_documentation_is_this_one_and_does_what_it_says()
    {
        var account = await _bench.RunAsync(RunBench.Many(2), new ScriptedTarget(), rules: [new WithoutSecondaryCaptures()]);
        Assert.Equal(2, account.Count(InstanceState.Excluded)); // the scripted objects are secondary captures
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(root!.FullName, "Dicom.Migration.sln"))) root = root.Parent;
        var page = await File.ReadAllTextAsync(Path.Join(root.FullName, "docs", "plug-ins.md"), TestContext.Current.CancellationToken);
        var here = await File.ReadAllTextAsync(Path.Join(root.FullName, "tests", "Dicom.Migration.Engine.Tests", "Flow", "WithoutSecondaryCaptures.cs"), TestContext.Current.CancellationToken);
        Assert.Contains(here[here.IndexOf("/// <summary>", StringComparison.Ordinal)..].Trim(), page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_reaches_the_target_and_both_digests_are_on_record()
    {
        var target = new ScriptedTarget();
        var account = await _bench.RunAsync(RunBench.Many(3), target, rules: [Renaming("rename", "A^B ")]);
        Assert.Equal(3, account.Count(InstanceState.Verified));
        Assert.Contains("A^B ", Encoding.Latin1.GetString(target.Held["1.2.3.1002"]), StringComparison.Ordinal);
        var row = (await _bench.FindAsync("1.2.3.1002")).Single();
        Assert.Equal(new LedgerDigest(SHA256.HashData(ScriptedSource.Object(2))), row.Current.SourceDigest);
        Assert.Equal(new LedgerDigest(SHA256.HashData(target.Held["1.2.3.1002"])), row.Current.SentDigest);
        Assert.NotEqual(row.Current.SourceDigest, row.Current.SentDigest);
    }

    [Fact]
    public async Task A_changed_object_carries_what_it_was_and_can_be_changed_back_byte_for_byte()
    {
        var target = new ScriptedTarget();
        await _bench.RunAsync(RunBench.Many(1), target, rules: [Renaming("rename", "NEW^"), new ScriptedRule("add", _ => RuleVerdict.Change(
            [ElementPatch.Add(new DicomTag(0x0010, 0x0020), DicomVr.LO, "ID"u8.ToArray()), ElementPatch.Remove(new DicomTag(0x0020, 0x000E))], "CORRECT"))]);
        var bytes = Assert.Single(target.Held).Value;
        foreach (var _ in Enumerable.Range(0, 2)) // the last change first
        {
            var plan = PatchPlan.Create(bytes, TransferSyntax.ExplicitVrLittleEndian, OriginalAttributes.Undo(DataSet.Read(bytes, TransferSyntax.ExplicitVrLittleEndian)));
            var undone = new ArrayBufferWriter<byte>();
            plan.Apply(bytes, undone);
            bytes = undone.WrittenSpan.ToArray();
        }
        Assert.Equal(ScriptedSource.Object(1), bytes);
    }

    [Fact]
    public async Task A_second_attempt_makes_the_same_bytes_of_a_change()
    {
        var (first, refused) = (new ScriptedTarget(), true);
        first.Refuse = _ => refused ? new Fault(FaultCode.DiskFull) : null;
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(RunBench.Many(1), first, rules: [Renaming("rename", "NEW^")]));
        var before = (await _bench.FindAsync("1.2.3.1001")).Single().Current.SentDigest;
        refused = false;
        await _bench.RunAsync(RunBench.Many(1), first, rules: [Renaming("rename", "NEW^")]);
        Assert.Equal(before, (await _bench.FindAsync("1.2.3.1001")).Single().Current.SentDigest);
    }

    [Fact]
    public async Task A_later_rule_sees_what_an_earlier_one_has_made()
    {
        var seen = new List<string>();
        var account = await _bench.RunAsync(RunBench.Many(1), new ScriptedTarget(), rules:
            [Renaming("first", "ONE^"), new ScriptedRule("second", subject => { seen.Add(Encoding.Latin1.GetString(subject.Header.ToArray())); return RuleVerdict.Accept; })]);
        Assert.Equal(1, account.Count(InstanceState.Verified));
        Assert.Contains("ONE^", Assert.Single(seen), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_patch_that_does_not_fit_is_an_exception_and_the_others_go_on()
    {
        var account = await _bench.RunAsync(RunBench.Many(4), new ScriptedTarget(), rules:
            [new ScriptedRule("remove", subject => Uid(subject).EndsWith('2') ? RuleVerdict.Change([ElementPatch.Remove(new DicomTag(0x0040, 0x0001))]) : RuleVerdict.Accept)]);
        Assert.Equal((3L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PatchNotApplicable)));
    }

    [Fact]
    public async Task A_rule_that_breaks_costs_its_object_and_not_the_run()
    {
        var account = await _bench.RunAsync(RunBench.Many(4), new ScriptedTarget(), rules:
            [new ScriptedRule("broken", subject => Uid(subject).EndsWith('3') ? throw new InvalidOperationException("made up") : RuleVerdict.Accept)]);
        Assert.Equal((3L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.Unexpected)));
    }

    [Fact]
    public async Task A_header_longer_than_the_limit_is_an_exception_only_where_rules_would_have_to_read_it()
    {
        var options = _bench.Options with { LongestHeader = 64 };
        var account = await _bench.RunAsync(RunBench.Many(2), new ScriptedTarget(), options, rules: [Renaming("rename", "A^B ")]);
        Assert.Equal(2, account.Count(FaultCode.ValueTooLong));
        using var other = new RunBench();
        Assert.Equal(2, (await other.RunAsync(RunBench.Many(2), new ScriptedTarget(), other.Options with { LongestHeader = 64 })).Count(InstanceState.Verified));
    }

    private static ScriptedRule Renaming(string id, string name) =>
        new(id, _ => RuleVerdict.Change([ElementPatch.Replace(new DicomTag(0x0010, 0x0010), DicomVr.PN, Encoding.ASCII.GetBytes(name))]));

    private static string Uid(RuleSubject subject)
    {
        var text = Encoding.Latin1.GetString(subject.Header.ToArray());
        return text.Substring(text.IndexOf("1.2.3.1", StringComparison.Ordinal), 10);
    }

    [Fact]
    public async Task An_object_that_a_rule_could_not_judge_is_judged_when_it_comes_again()
    {
        var judged = 0;
        var account = await _bench.RunAsync(RunBench.Many(3), new ScriptedTarget(),
            rules: [new ScriptedRule("unsteady", subject => Uid(subject).EndsWith('2') && judged++ == 0 ? throw new IOException("made up") : RuleVerdict.Accept)]);
        Assert.Equal((3L, 3L), (account.Count(InstanceState.Verified), account.Discovered));
    }

    private sealed class ScriptedRule(string id, Func<RuleSubject, RuleVerdict> judge) : IMigrationRule
    {
        public string Id => id;
        public ValueTask<RuleVerdict> JudgeAsync(RuleSubject subject, CancellationToken cancellationToken) => new(judge(subject));
    }
}
