using System.Security.Cryptography;
using Xunit;

namespace Dicom.Migration.Testing;

/// <summary>What every <see cref="IMigrationSource"/> promises, as tests: derive from it, say how a source is made, and run it.</summary>
/// <remarks>The source holds at least three units and, in them, at least three instances. Its content does not change meanwhile.</remarks>
public abstract class MigrationSourceContract
{
    /// <summary>Makes a source. Each call gives a new one over the same content, as another process would have it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    protected abstract Task<IMigrationSource> CreateAsync(CancellationToken cancellationToken);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Discovery can be repeated.</summary>
    [Fact]
    public async Task A_second_listing_has_the_same_units()
    {
        var first = await ListAsync(await CreateAsync(Token).ConfigureAwait(false), null).ConfigureAwait(false);
        Assert.True(first.Count >= 3, "The source of this contract has to hold at least three units.");
        Assert.Equal(Keys(first), Keys(await ListAsync(await CreateAsync(Token).ConfigureAwait(false), null).ConfigureAwait(false)));
    }

    /// <summary>A stamp tells content apart, and nothing else: not the moment of the listing, not the source that lists.</summary>
    [Fact]
    public async Task A_unit_has_the_same_stamp_in_every_listing()
    {
        var first = await ListAsync(await CreateAsync(Token).ConfigureAwait(false), null).ConfigureAwait(false);
        foreach (var unit in first) await ReadAsync(await CreateAsync(Token).ConfigureAwait(false), unit, Token).ConfigureAwait(false);
        Assert.Equal(Stamps(first), Stamps(await ListAsync(await CreateAsync(Token).ConfigureAwait(false), null).ConfigureAwait(false)));
    }

    /// <summary>A cursor leaves out nothing that was not listed before it.</summary>
    [Fact]
    public async Task A_listing_goes_on_behind_every_cursor_and_leaves_nothing_out()
    {
        var units = await ListAsync(await CreateAsync(Token).ConfigureAwait(false), null).ConfigureAwait(false);
        for (var i = 0; i < units.Count; i++)
        {
            if (units[i].Cursor is not { } cursor) continue;
            var rest = await ListAsync(await CreateAsync(Token).ConfigureAwait(false), cursor).ConfigureAwait(false);
            // A unit may be listed twice; none is left out.
            Assert.Empty(units.Skip(i + 1).Select(static u => u.Key).Except(rest.Select(static u => u.Key), StringComparer.Ordinal));
        }
    }

    /// <summary>A unit is read again after a failure, and gives the same.</summary>
    [Fact]
    public async Task A_unit_can_be_read_twice_and_gives_the_same()
    {
        var source = await CreateAsync(Token).ConfigureAwait(false);
        var instances = 0;
        foreach (var unit in await ListAsync(source, null).ConfigureAwait(false))
        {
            var first = await ReadAsync(source, unit, Token).ConfigureAwait(false);
            Assert.Equal(Sorted(first), Sorted(await ReadAsync(source, unit, Token).ConfigureAwait(false)));
            instances += first.Count(static line => line.StartsWith("instance", StringComparison.Ordinal));
        }
        Assert.True(instances >= 3, "The source of this contract has to hold at least three instances.");
    }

    /// <summary>What one process listed, another reads.</summary>
    [Fact]
    public async Task A_unit_can_be_read_by_a_source_that_has_not_listed_it()
    {
        var listing = await CreateAsync(Token).ConfigureAwait(false);
        foreach (var unit in await ListAsync(listing, null).ConfigureAwait(false))
        {
            var other = await CreateAsync(Token).ConfigureAwait(false);
            Assert.Equal(Sorted(await ReadAsync(listing, unit, Token).ConfigureAwait(false)), Sorted(await ReadAsync(other, new SourceUnit(unit.Key, unit.Kind), Token).ConfigureAwait(false)));
        }
    }

    /// <summary>A length that is said is true.</summary>
    [Fact]
    public async Task A_body_has_the_length_that_is_said()
    {
        var source = await CreateAsync(Token).ConfigureAwait(false);
        foreach (var unit in await ListAsync(source, null).ConfigureAwait(false))
            await foreach (var item in source.ReadAsync(unit, Token).ConfigureAwait(false))
                await using (item.ConfigureAwait(false))
                    if (item is SourceInstance { Length: { } said } instance)
                        Assert.Equal(said, (await ContractBodies.ReadAsync(instance.Body, Token).ConfigureAwait(false)).Length);
    }

    /// <summary>What is disposed unread is passed over, and the next is whole.</summary>
    [Fact]
    public async Task An_instance_disposed_unread_does_not_harm_the_others()
    {
        var source = await CreateAsync(Token).ConfigureAwait(false);
        foreach (var unit in await ListAsync(source, null).ConfigureAwait(false))
        {
            var whole = await ReadAsync(source, unit, Token).ConfigureAwait(false);
            for (var parity = 0; parity < 2; parity++)
            {
                var (number, seen) = (0, new List<string>());
                await foreach (var item in source.ReadAsync(unit, Token).ConfigureAwait(false))
                    await using (item.ConfigureAwait(false))
                        seen.Add(number++ % 2 == parity ? await LineAsync(item, Token).ConfigureAwait(false) : "");
                Assert.Equal(whole.Count, seen.Count);
                Assert.Empty(seen.Where(static line => line.Length > 0).Except(whole, StringComparer.Ordinal));
            }
        }
    }

    /// <summary>An item can be disposed more than once.</summary>
    [Fact]
    public async Task An_item_disposed_twice_does_no_harm()
    {
        var source = await CreateAsync(Token).ConfigureAwait(false);
        foreach (var unit in await ListAsync(source, null).ConfigureAwait(false))
            await foreach (var item in source.ReadAsync(unit, Token).ConfigureAwait(false))
            {
                await item.DisposeAsync().ConfigureAwait(false);
                await item.DisposeAsync().ConfigureAwait(false);
            }
    }

    /// <summary>Different units are read at the same time.</summary>
    [Fact]
    public async Task Units_read_at_the_same_time_give_the_same_as_one_after_the_other()
    {
        var source = await CreateAsync(Token).ConfigureAwait(false);
        var units = (await ListAsync(source, null).ConfigureAwait(false)).DistinctBy(static u => u.Key, StringComparer.Ordinal).Take(16).ToList();
        var expected = new List<List<string>>();
        foreach (var unit in units) expected.Add(Sorted(await ReadAsync(source, unit, Token).ConfigureAwait(false)));
        var readers = units.Select(unit => source.ReadAsync(unit, Token).GetAsyncEnumerator(Token)).ToList();
        var seen = units.ConvertAll(static _ => new List<string>());
        // In step: the first item of each, with all of them open, then the second of each.
        for (var (open, round) = (true, 0); open; round++)
        {
            open = false;
            var items = new List<(int Unit, SourceItem Item)>();
            for (var i = 0; i < readers.Count; i++)
                if (await readers[i].MoveNextAsync().ConfigureAwait(false)) items.Add((i, readers[i].Current));
            foreach (var (unit, item) in items)
            {
                open = true;
                await using (item.ConfigureAwait(false)) seen[unit].Add(await LineAsync(item, Token).ConfigureAwait(false));
            }
        }
        foreach (var reader in readers) await reader.DisposeAsync().ConfigureAwait(false);
        Assert.Equal(expected, seen.ConvertAll(Sorted));
    }

    /// <summary>A listing ends when it is told to.</summary>
    [Fact]
    public async Task A_cancelled_listing_ends()
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var source = await CreateAsync(Token).ConfigureAwait(false);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in source.DiscoverAsync(null, cancelled.Token).ConfigureAwait(false)) await cancelled.CancelAsync().ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    private static async Task<List<SourceUnit>> ListAsync(IMigrationSource source, SourceCursor? after)
    {
        var units = new List<SourceUnit>();
        await foreach (var unit in source.DiscoverAsync(after, Token).ConfigureAwait(false)) units.Add(unit);
        return units;
    }

    private static async Task<List<string>> ReadAsync(IMigrationSource source, SourceUnit unit, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        await foreach (var item in source.ReadAsync(unit, cancellationToken).ConfigureAwait(false))
            await using (item.ConfigureAwait(false)) lines.Add(await LineAsync(item, cancellationToken).ConfigureAwait(false));
        return lines;
    }

    private static async Task<string> LineAsync(SourceItem item, CancellationToken cancellationToken)
    {
        if (item is not SourceInstance instance) return $"finding {item.Place} {((SourceFinding)item).Fault}{((SourceFinding)item).Exclusion}";
        try
        {
            var body = await ContractBodies.ReadAsync(instance.Body, cancellationToken).ConfigureAwait(false);
            return $"instance {item.Place} {instance.TransferSyntax?.Uid} {instance.ClaimedSopInstanceUid} {Convert.ToHexString(SHA256.HashData(body))} {Convert.ToHexString(SHA256.HashData(instance.Envelope.Span))}";
        }
        catch (MigrationException e) { return $"broken {item.Place} {e.Fault}"; }
    }

    // The order of instances in a unit, and of units in a listing from the start, is the source's own affair.
    private static List<string> Sorted(List<string> lines) => [.. lines.Order(StringComparer.Ordinal)];
    private static List<string> Stamps(List<SourceUnit> units) => [.. units.Select(static u => $"{u.Key} {u.Stamp}").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    private static List<string> Keys(List<SourceUnit> units) => [.. units.Select(static u => u.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
