using Dicom.Migration.DataSets;
using System.IO.Pipelines;
using Microsoft.Extensions.DependencyInjection;

namespace Dicom.Migration.Tests;

/// <summary>What the contracts promise by themselves, whoever implements them.</summary>
public class ContractTests
{
    [Fact]
    public async Task A_body_is_completed_when_its_instance_is_disposed()
    {
        var pipe = new Pipe();
        await using (new SourceInstance("1", pipe.Reader)) { }
        var flush = await pipe.Writer.FlushAsync(TestContext.Current.CancellationToken);
        Assert.True(flush.IsCompleted);
    }

    [Fact]
    public void A_finding_has_a_fault_or_an_exclusion_and_never_both()
    {
        var fault = new SourceFinding("a", new Fault(FaultCode.ReadFailed));
        var exclusion = new SourceFinding("a", SourceFinding.NotDicom);
        Assert.Null(fault.Exclusion);
        Assert.Equal(FaultCode.ReadFailed, fault.Fault!.Value.Code);
        Assert.Null(exclusion.Fault);
        Assert.Equal("not-dicom", exclusion.Exclusion);
        Assert.Throws<ArgumentException>(() => new SourceFinding("a", ""));
    }

    [Fact]
    public void A_change_of_nothing_is_an_acceptance()
    {
        Assert.Same(RuleVerdict.Accept, RuleVerdict.Change([]));
        Assert.IsType<RuleVerdict.Changed>(RuleVerdict.Change([ElementPatch.Remove(new DicomTag(0x0010, 0x0010))]));
        Assert.Equal(RuleVerdict.Exclude("r"), RuleVerdict.Exclude("r"));
    }

    [Fact]
    public void Only_an_instance_that_is_not_stored_counts_as_not_stored() =>
        Assert.Equal([StoreDisposition.NotStored], Enum.GetValues<StoreDisposition>().Where(d => !new StoreOutcome(d, null).IsStored));

    [Fact]
    public void Two_endpoints_of_one_kind_cannot_share_a_name_but_a_source_and_a_target_can()
    {
        var migration = new ServiceCollection().AddDicomMigration().AddSource("pacs", (_, n) => new Both(n)).AddTarget("pacs", (_, n) => new Both(n));
        Assert.Throws<ArgumentException>(() => migration.AddSource("pacs", (_, n) => new Both(n)));
        Assert.Throws<ArgumentException>(() => migration.AddTarget("pacs", (_, n) => new Both(n)));
    }

    [Fact]
    public void Adding_the_migration_twice_goes_on_with_the_same_services()
    {
        var services = new ServiceCollection();
        Assert.Same(services.AddDicomMigration().Services, services.AddDicomMigration().Services);
        Assert.Single(services, s => s.ServiceType == typeof(TimeProvider));
    }

    private sealed class Both(string name) : IMigrationSource, IMigrationTarget
    {
        public string Address => "made-up:";
        public string Name { get; } = name;
        public IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, CancellationToken cancellationToken) => AsyncEnumerable.Empty<SourceUnit>();
        public IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, CancellationToken cancellationToken) => AsyncEnumerable.Empty<SourceItem>();
        public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken) => throw new InvalidOperationException();
    }
}
