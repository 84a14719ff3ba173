using Dicom.Migration.DataSets;
using Xunit;
using static Dicom.Migration.Testing.ContractObjects;

namespace Dicom.Migration.Testing;

/// <summary>What every <see cref="IEvidenceTarget"/> promises, as tests: derive from it, say how a target is made, and run it.</summary>
/// <remarks>A target that shows too much verifies what was lost, and one that shows too little holds a migration up: both are looked for, at every
/// level that the target serves. Run it beside <see cref="MigrationTargetContract"/>.</remarks>
public abstract class EvidenceTargetContract
{
    private readonly IReadOnlyList<MadeUpInstance> _made = MadeUpInstances.Create(43, 9);

    /// <summary>Makes a target. The first call gives an empty one; each further call the same place anew, as another process would see it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    protected abstract Task<IEvidenceTarget> OpenAsync(CancellationToken cancellationToken);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The levels are above L0, the highest first, none twice.</summary>
    [Fact]
    public async Task The_levels_are_above_l0_and_the_highest_comes_first()
    {
        var levels = (await OpenAsync(Token).ConfigureAwait(false)).Levels;
        Assert.NotEmpty(levels);
        Assert.DoesNotContain(EvidenceLevel.L0, levels);
        Assert.Equal(levels.Distinct().OrderDescending(), levels);
    }

    /// <summary>Another process is shown what was stored.</summary>
    [Fact]
    public async Task What_was_stored_is_shown_at_every_level_with_one_item_for_each_reference()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        foreach (var level in target.Levels)
        {
            var items = await CollectAsync(target, level, references).ConfigureAwait(false);
            Assert.Equal(references.Count, items.Count);
            Assert.Equal(references.ToHashSet(), items.Select(static i => i.Reference).ToHashSet());
            Assert.All(items, item => Assert.True(item.Fault is null && item.Level == level, $"{item.Level}, {item.Fault}"));
        }
    }

    /// <summary>A body at L4 is what was stored; of a target without L4 nothing is asked.</summary>
    [Fact]
    public async Task A_body_that_is_shown_is_what_was_stored()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        Assert.SkipUnless(target.Levels.Contains(EvidenceLevel.L4), "The target does not serve L4.");
        foreach (var item in await CollectAsync(target, EvidenceLevel.L4, references).ConfigureAwait(false))
        {
            var stored = _made.Single(made => string.Equals(made.SopInstanceUid, item.Reference.SopInstanceUid, StringComparison.Ordinal));
            Assert.True(item.Body is not null && DataSet(stored).Span.SequenceEqual(item.Body), "What is shown is not what was stored.");
            Assert.True(item.Syntax is null || item.Syntax == stored.TransferSyntax, "The body is said to be in another transfer syntax.");
        }
    }

    /// <summary>Metadata at L3 is DICOM JSON of what was stored; of a target without L3 nothing is asked.</summary>
    [Fact]
    public async Task Metadata_that_is_shown_is_of_what_was_stored()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        Assert.SkipUnless(target.Levels.Contains(EvidenceLevel.L3), "The target does not serve L3.");
        await foreach (var item in target.CollectAsync(EvidenceLevel.L3, references, Token).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
            {
                var stored = _made.Single(made => string.Equals(made.SopInstanceUid, item.Reference.SopInstanceUid, StringComparison.Ordinal));
                using var bytes = new MemoryStream(DataSet(stored).ToArray(), writable: false);
                var difference = await DicomJsonComparer.CompareAsync(DataSets.DataSet.ReadHeader(bytes, stored.TransferSyntax), item.Metadata, item.BulkData, Token).ConfigureAwait(false);
                Assert.True(difference.Different.Count == 0, $"The metadata is another than that of what was stored: {string.Join(' ', difference.Different)}.");
            }
        }
    }

    /// <summary>What was never stored is said to be missing, and hides nothing beside it.</summary>
    [Fact]
    public async Task What_was_not_stored_is_missing_at_every_level_and_hides_nothing_beside_it()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var absent = references.Select(static r => new StoredReference(r.StudyInstanceUid, r.SeriesInstanceUid, r.SopClassUid, r.SopInstanceUid + ".1")).ToList();
        var elsewhere = new StoredReference("2.25.7.1", "2.25.7.2", references[0].SopClassUid, "2.25.7.3");
        var target = await OpenAsync(Token).ConfigureAwait(false);
        foreach (var level in target.Levels)
        {
            var items = await CollectAsync(target, level, [elsewhere, .. references.Zip(absent).SelectMany(static pair => new[] { pair.First, pair.Second })]).ConfigureAwait(false);
            Assert.Equal(1 + (2 * references.Count), items.Count);
            Assert.All(items, item => Assert.Equal(references.Contains(item.Reference) ? null : FaultCode.MissingAtTarget, item.Fault?.Code));
            Assert.All(items, item => Assert.True(item.Body is null || item.Fault is null, "What is missing has no body."));
        }
    }

    /// <summary>Nothing asked, nothing said.</summary>
    [Fact]
    public async Task Nothing_is_shown_of_what_was_not_asked_for()
    {
        await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        foreach (var level in target.Levels) Assert.Empty(await CollectAsync(target, level, []).ConfigureAwait(false));
    }

    /// <summary>Items disposed unread, and disposed twice.</summary>
    [Fact]
    public async Task An_item_disposed_unread_or_twice_does_not_harm_the_others()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        var (level, count) = (target.Levels[0], 0);
        await foreach (var item in target.CollectAsync(level, references, Token).ConfigureAwait(false))
        {
            if (count++ % 2 == 1 && item.Body is not null) await ContractBodies.ReadAsync(item.Body, Token).ConfigureAwait(false);
            Assert.Null(item.Fault);
            await item.DisposeAsync().ConfigureAwait(false);
            await item.DisposeAsync().ConfigureAwait(false);
        }
        Assert.Equal(references.Count, count);
        Assert.All(await CollectAsync(target, level, references).ConfigureAwait(false), static item => Assert.Null(item.Fault));
    }

    /// <summary>A level that is not served is the caller's mistake, and no evidence.</summary>
    [Fact]
    public async Task A_level_that_is_not_served_is_refused()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        foreach (var level in Enum.GetValues<EvidenceLevel>().Append((EvidenceLevel)99).Except(target.Levels))
            await Assert.ThrowsAnyAsync<ArgumentException>(() => CollectAsync(target, level, references)).ConfigureAwait(false);
    }

    /// <summary>Whoever gives up is let go.</summary>
    [Fact]
    public async Task A_cancelled_collection_ends()
    {
        var references = await StoreAllAsync().ConfigureAwait(false);
        var target = await OpenAsync(Token).ConfigureAwait(false);
        using var cancelled = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in target.CollectAsync(target.Levels[0], references, cancelled.Token).ConfigureAwait(false))
            {
                await item.DisposeAsync().ConfigureAwait(false);
                await cancelled.CancelAsync().ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    private async Task<List<StoredReference>> StoreAllAsync()
    {
        var outcomes = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), _made).ConfigureAwait(false);
        Assert.All(outcomes, static outcome => Assert.True(outcome is { IsStored: true, Reference: not null }, $"{outcome.Fault}"));
        return [.. outcomes.Select(static outcome => outcome.Reference!)];
    }

    /// <summary>All that is shown, each item read and disposed before the next.</summary>
    private static async Task<List<Shown>> CollectAsync(IEvidenceTarget target, EvidenceLevel level, IReadOnlyList<StoredReference> references)
    {
        var shown = new List<Shown>();
        await foreach (var item in target.CollectAsync(level, references, Token).ConfigureAwait(false))
            await using (item.ConfigureAwait(false))
                shown.Add(new Shown(item.Reference, item.Level, item.Fault, item.Body is null ? null : await ContractBodies.ReadAsync(item.Body, Token).ConfigureAwait(false), item.TransferSyntax));
        return shown;
    }

    private sealed record Shown(StoredReference Reference, EvidenceLevel Level, Fault? Fault, byte[]? Body, DataSets.TransferSyntax? Syntax);
}
