using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>An archive that may not send an object as it is stored decompresses it without a word, or keeps it: every transfer syntax is proposed.</summary>
public sealed class StorageSyntaxesTests
{
    // Retired, and in archives all the same: Orthanc 1.10 decompresses these two.
    private static readonly string[] Retired = ["1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.2"];

    [Fact]
    public void Every_transfer_syntax_that_objects_are_stored_in_is_proposed_in_one_association()
    {
        var proposed = new DimseSourceOptions().TransferSyntaxes;
        // SMPTE ST 2110 (PS3.5 §A.8, §A.9) is for live video, and never stored.
        var stored = UidRegistry.All.Where(static u => u is { Type: "Transfer Syntax", IsRetired: false } && !u.Uid.StartsWith("1.2.840.10008.1.2.7.", StringComparison.Ordinal)).Select(static u => u.Uid).Concat(Retired);
        Assert.Equal(stored.Order(StringComparer.Ordinal), proposed.Order(StringComparer.Ordinal));
        Assert.Single(ContextPlanner.Plan([.. proposed.Select(static s => new ContextProposal("1.2.840.10008.5.1.4.1.1.7", [s]))]));
        Assert.Empty(new DimseSourceOptions { CalledAeTitle = "A", Host = "a", Security = DimseSecurity.Plaintext }.Validate(new System.ComponentModel.DataAnnotations.ValidationContext(new object())));
        Assert.True(StorageSyntaxes.Common.Count * StorageSyntaxes.CommonClasses.Count < 128);
        Assert.Empty(StorageSyntaxes.Common.Except(proposed));
        // dcmqrscp sends all in the first context that it took.
        foreach (var list in (IReadOnlyList<string>[])[proposed, StorageSyntaxes.Common])
            Assert.Equal(["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"], list.TakeLast(3));
    }

    [Fact]
    public void Every_class_whose_instances_archives_store_is_asked_for_where_an_archive_does_not_say_it()
    {
        var classes = StorageSyntaxes.AllClasses;
        Assert.Equal(StorageSyntaxes.CommonClasses, classes.Take(StorageSyntaxes.CommonClasses.Count));
        Assert.Equal(classes.Count, classes.Distinct(StringComparer.Ordinal).Count());
        Assert.Superset(new HashSet<string>(UidRegistry.All.Where(static u => u is { Type: "SOP Class" } && u.Uid.StartsWith("1.2.840.10008.5.1.4.1.1.", StringComparison.Ordinal) && u.Name.Contains("Storage", StringComparison.Ordinal)).Select(static u => u.Uid), StringComparer.Ordinal),
            classes.ToHashSet(StringComparer.Ordinal));
        Assert.DoesNotContain("1.2.840.10008.1.20.1", classes); // Storage Commitment
        Assert.DoesNotContain("1.2.840.10008.1.3.10", classes); // DICOMDIR
    }
}
