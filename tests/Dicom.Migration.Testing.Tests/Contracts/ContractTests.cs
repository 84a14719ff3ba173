using System.Reflection;

namespace Dicom.Migration.Testing.Tests;

/// <summary>The contract checks pass a sound implementation, and each of them can fail.</summary>
public class ContractTests
{
    private sealed class SourceChecks(SourceFlaw flaw) : MigrationSourceContract
    {
        private readonly MemorySource.Disk _disk = new();
        protected override Task<IMigrationSource> CreateAsync(CancellationToken cancellationToken) => Task.FromResult<IMigrationSource>(new MemorySource(flaw, _disk));
    }

    private sealed class TargetChecks(TargetFlaw flaw) : MigrationTargetContract
    {
        private readonly Dictionary<string, byte[]> _disk = new(StringComparer.Ordinal);
        protected override Task<IMigrationTarget> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<IMigrationTarget>(new MemoryTarget(flaw, _disk));
    }

    private sealed class EvidenceChecks(EvidenceFlaw flaw) : EvidenceTargetContract
    {
        private readonly Dictionary<string, byte[]> _disk = new(StringComparer.Ordinal);
        protected override Task<IEvidenceTarget> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<IEvidenceTarget>(new FlawedEvidence(flaw, new MemoryTarget(TargetFlaw.None, _disk)));
    }

    [Theory]
    [InlineData(SourceFlaw.ListsLessTheSecondTime, nameof(MigrationSourceContract.A_second_listing_has_the_same_units))]
    [InlineData(SourceFlaw.CursorSkips, nameof(MigrationSourceContract.A_listing_goes_on_behind_every_cursor_and_leaves_nothing_out))]
    [InlineData(SourceFlaw.ReadsDifferently, nameof(MigrationSourceContract.A_unit_can_be_read_twice_and_gives_the_same))]
    [InlineData(SourceFlaw.ReadsOnlyWhatItListed, nameof(MigrationSourceContract.A_unit_can_be_read_by_a_source_that_has_not_listed_it))]
    [InlineData(SourceFlaw.SaysWrongLength, nameof(MigrationSourceContract.A_body_has_the_length_that_is_said))]
    [InlineData(SourceFlaw.StopsAtUnread, nameof(MigrationSourceContract.An_instance_disposed_unread_does_not_harm_the_others))]
    [InlineData(SourceFlaw.ThrowsWhenDisposedTwice, nameof(MigrationSourceContract.An_item_disposed_twice_does_no_harm))]
    [InlineData(SourceFlaw.MixesUnits, nameof(MigrationSourceContract.Units_read_at_the_same_time_give_the_same_as_one_after_the_other))]
    [InlineData(SourceFlaw.IgnoresCancellation, nameof(MigrationSourceContract.A_cancelled_listing_ends))]
    public async Task A_source_with_a_flaw_fails_its_check(SourceFlaw flaw, string check) => Assert.Contains(check, await FailuresAsync<MigrationSourceContract>(() => new SourceChecks(flaw)));

    [Theory]
    [InlineData(TargetFlaw.LosesLastByte, nameof(MigrationTargetContract.What_is_acknowledged_is_there_for_another_process_and_byte_for_byte))]
    [InlineData(TargetFlaw.AcknowledgesEarly, nameof(MigrationTargetContract.Nothing_is_acknowledged_before_it_is_there))]
    [InlineData(TargetFlaw.ForgetsReceiptsAtFlush, nameof(MigrationTargetContract.Every_receipt_is_complete_after_a_flush_or_the_end_of_the_session))]
    [InlineData(TargetFlaw.ForgetsReceiptsAtDispose, nameof(MigrationTargetContract.Every_receipt_is_complete_after_a_flush_or_the_end_of_the_session))]
    [InlineData(TargetFlaw.KeepsEveryCopy, nameof(MigrationTargetContract.The_same_object_stored_twice_changes_nothing))]
    [InlineData(TargetFlaw.Overwrites, nameof(MigrationTargetContract.Of_two_objects_with_one_uid_none_takes_the_place_of_the_other))]
    [InlineData(TargetFlaw.KeepsBrokenBodies, nameof(MigrationTargetContract.A_session_is_used_again_after_a_body_that_broke_off))]
    [InlineData(TargetFlaw.BreaksAfterBrokenBody, nameof(MigrationTargetContract.A_session_is_used_again_after_a_body_that_broke_off))]
    [InlineData(TargetFlaw.IgnoresLength, nameof(MigrationTargetContract.A_body_of_another_length_than_was_said_is_not_stored))]
    [InlineData(TargetFlaw.CompletesTheBody, nameof(MigrationTargetContract.A_session_does_not_complete_the_body))]
    [InlineData(TargetFlaw.ThrowsAtHostileUids, nameof(MigrationTargetContract.Hostile_uids_are_stored_or_refused_and_lead_nowhere))]
    [InlineData(TargetFlaw.KeepsCancelledBodies, nameof(MigrationTargetContract.A_cancelled_store_ends_and_the_object_can_be_stored_again))]
    [InlineData(TargetFlaw.OnlyTheFirstSessionStores, nameof(MigrationTargetContract.Sessions_used_at_the_same_time_do_not_disturb_each_other))]
    public async Task A_target_with_a_flaw_fails_its_check(TargetFlaw flaw, string check) => Assert.Contains(check, await FailuresAsync<MigrationTargetContract>(() => new TargetChecks(flaw)));

    [Theory]
    [InlineData(EvidenceFlaw.LowestFirst, nameof(EvidenceTargetContract.The_levels_are_above_l0_and_the_highest_comes_first))]
    [InlineData(EvidenceFlaw.ForgetsOne, nameof(EvidenceTargetContract.What_was_stored_is_shown_at_every_level_with_one_item_for_each_reference))]
    [InlineData(EvidenceFlaw.ShowsTwice, nameof(EvidenceTargetContract.What_was_stored_is_shown_at_every_level_with_one_item_for_each_reference))]
    [InlineData(EvidenceFlaw.ShowsAnother, nameof(EvidenceTargetContract.What_was_stored_is_shown_at_every_level_with_one_item_for_each_reference))]
    [InlineData(EvidenceFlaw.SaysAnotherLevel, nameof(EvidenceTargetContract.What_was_stored_is_shown_at_every_level_with_one_item_for_each_reference))]
    [InlineData(EvidenceFlaw.LosesLastByte, nameof(EvidenceTargetContract.A_body_that_is_shown_is_what_was_stored))]
    [InlineData(EvidenceFlaw.DescribesAnother, nameof(EvidenceTargetContract.Metadata_that_is_shown_is_of_what_was_stored))]
    [InlineData(EvidenceFlaw.SilentOnMissing, nameof(EvidenceTargetContract.What_was_not_stored_is_missing_at_every_level_and_hides_nothing_beside_it))]
    [InlineData(EvidenceFlaw.FindsEverything, nameof(EvidenceTargetContract.What_was_not_stored_is_missing_at_every_level_and_hides_nothing_beside_it))]
    [InlineData(EvidenceFlaw.MissesBesideMissing, nameof(EvidenceTargetContract.What_was_not_stored_is_missing_at_every_level_and_hides_nothing_beside_it))]
    [InlineData(EvidenceFlaw.VolunteersMore, nameof(EvidenceTargetContract.Nothing_is_shown_of_what_was_not_asked_for))]
    [InlineData(EvidenceFlaw.BreaksWhenUnread, nameof(EvidenceTargetContract.An_item_disposed_unread_or_twice_does_not_harm_the_others))]
    [InlineData(EvidenceFlaw.ServesAnyLevel, nameof(EvidenceTargetContract.A_level_that_is_not_served_is_refused))]
    [InlineData(EvidenceFlaw.IgnoresCancellation, nameof(EvidenceTargetContract.A_cancelled_collection_ends))]
    public async Task Evidence_with_a_flaw_fails_its_check(EvidenceFlaw flaw, string check) => Assert.Contains(check, await FailuresAsync<EvidenceTargetContract>(() => new EvidenceChecks(flaw)));

    [Fact]
    public async Task A_sound_implementation_fails_no_check()
    {
        Assert.Empty(await FailuresAsync<MigrationSourceContract>(static () => new SourceChecks(SourceFlaw.None)));
        Assert.Empty(await FailuresAsync<MigrationTargetContract>(static () => new TargetChecks(TargetFlaw.None)));
        Assert.Empty(await FailuresAsync<EvidenceTargetContract>(static () => new EvidenceChecks(EvidenceFlaw.None)));
    }

    /// <summary>Runs every check on a contract of its own, as xunit does, and names those that fail.</summary>
    private static async Task<List<string>> FailuresAsync<T>(Func<T> create)
    {
        var failed = new List<string>();
        foreach (var check in typeof(T).GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(static m => m.GetCustomAttribute<FactAttribute>() is not null))
            foreach (var arguments in check.GetParameters().Length == 0 ? [[]] : new object[][] { [true], [false] })
                try { await (Task)check.Invoke(create(), arguments)!; }
                catch (Exception) { failed.Add(check.Name); }
        return failed;
    }
}
