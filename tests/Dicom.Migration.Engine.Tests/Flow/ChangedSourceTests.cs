namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>What comes to a source, or changes there, after its unit was done is noticed by the next run; what has not changed costs no reading.</summary>
public sealed class ChangedSourceTests : IDisposable
{
    private readonly RunBench _bench = new();
    private readonly ScriptedTarget _target = new();
    private readonly List<string> _read = [];

    public void Dispose() => _bench.Dispose();

    /// <summary>A run over a source in its state of now; what it reads is noted.</summary>
    private Task<LedgerAccount> RunAsync(string? stamp, params (string, object[])[] units) => RunAsync(_ => stamp, null, units);

    private Task<LedgerAccount> RunAsync(Func<string, string?> stamp, int? expected, params (string, object[])[] units)
    {
        _read.Clear();
        return _bench.RunAsync(new ScriptedSource(units) { Stamp = stamp, Expected = expected, BeforeItem = (key, _) => { lock (_read) _read.Add(key); } }, _target);
    }

    [Fact]
    public async Task A_unit_with_the_same_stamp_is_not_read_again()
    {
        var first = await RunAsync("1", ("a", [ScriptedSource.Object(1)]), ("b", [ScriptedSource.Object(2), "not-dicom"]));
        var again = await RunAsync("1", ("a", [ScriptedSource.Object(1)]), ("b", [ScriptedSource.Object(2), "not-dicom"]));
        Assert.Empty(_read);
        Assert.Equal(first.Lines, again.Lines);
        Assert.Equal(2, _target.Stores);
    }

    [Fact]
    public async Task A_unit_of_a_source_without_stamps_is_not_read_again()
    {
        await RunAsync(null, ("a", [ScriptedSource.Object(1)]));
        Assert.True((await RunAsync(null, ("a", [ScriptedSource.Object(1)]))).IsClosed);
        Assert.Empty(_read);
    }

    [Fact]
    public async Task A_unit_that_was_only_touched_is_read_and_nothing_of_it_is_sent()
    {
        var first = await RunAsync("1", ("a", [ScriptedSource.Object(1), ScriptedSource.Object(2), ScriptedSource.Object(3)[..^3], "not-dicom", FaultCode.AccessDenied]));
        var again = await RunAsync("2", ("a", [ScriptedSource.Object(1), ScriptedSource.Object(2), ScriptedSource.Object(3)[..^3], "not-dicom", FaultCode.AccessDenied]));
        Assert.Equal(5, _read.Count);
        Assert.True(again.IsClosed);
        Assert.Equal(first.Lines, again.Lines);
        Assert.Equal(2, _target.Stores);
        await RunAsync("2", ("a", []));
        Assert.Empty(_read); // the second stamp is on record now
    }

    [Fact]
    public async Task An_object_that_came_to_a_unit_is_the_only_one_that_is_sent()
    {
        await RunAsync("1", ("a", [ScriptedSource.Object(1)]), ("b", [ScriptedSource.Object(2)]));
        var account = await RunAsync(static key => key == "a" ? "2" : "1", null, ("a", [ScriptedSource.Object(3), ScriptedSource.Object(1)]), ("b", [ScriptedSource.Object(2)]));
        Assert.Equal(["a", "a"], _read);
        Assert.True(account.IsClosed);
        Assert.Equal((3L, 3L, 3), (account.Discovered, account.Count(InstanceState.Verified), _target.Stores));
    }

    [Fact]
    public async Task A_unit_that_came_after_the_listing_was_complete_is_moved()
    {
        await RunAsync(null, ("a", [ScriptedSource.Object(1)]));
        var account = await RunAsync(null, ("0", [ScriptedSource.Object(2)]), ("a", [ScriptedSource.Object(1)]));
        Assert.True(account.IsClosed);
        Assert.Equal((2L, 2), (account.Count(InstanceState.Verified), _target.Held.Count));
        Assert.Equal(["0"], _read);
    }

    [Fact]
    public async Task An_object_that_was_replaced_is_one_of_its_own_and_the_first_stays_verified()
    {
        await RunAsync("1", ("a", [ScriptedSource.Object(1)]));
        var account = await RunAsync("2", ("a", [ScriptedSource.Object(1, content: 7)]));
        Assert.True(account.IsClosed);
        Assert.Equal((2L, 1L, 1L), (account.Discovered, account.Count(InstanceState.Verified), account.Count(FaultCode.UidConflict)));
        Assert.Equal(ScriptedSource.Object(1), _target.Held["1.2.3.1001"]);
        Assert.Equal(account.Lines, (await RunAsync("3", ("a", [ScriptedSource.Object(1, content: 7)]))).Lines); // known by now
    }

    [Fact]
    public async Task An_object_that_was_damaged_and_was_mended_is_moved()
    {
        await RunAsync("1", ("a", [ScriptedSource.Object(1)[..^3]]));
        var account = await RunAsync("2", ("a", [ScriptedSource.Object(1)]));
        Assert.Equal((1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.LengthBeyondInput)));
    }

    [Fact]
    public async Task Two_findings_at_one_place_are_two_lines_however_often_they_are_read()
    {
        (string, object[]) twice = ("a", [("same.dcm", FaultCode.MalformedContainer), ("same.dcm", FaultCode.MalformedContainer), ScriptedSource.Object(1)]);
        Assert.Equal(2L, (await RunAsync("1", twice)).Count(FaultCode.MalformedContainer));
        Assert.Equal(2L, (await RunAsync("2", twice)).Count(FaultCode.MalformedContainer));
    }

    [Fact]
    public async Task A_unit_that_promises_more_than_before_is_read_again_without_a_stamp()
    {
        await RunAsync(_ => null, 1, ("a", [ScriptedSource.Object(1)]));
        var account = await RunAsync(_ => null, 2, ("a", [ScriptedSource.Object(1), ScriptedSource.Object(2)]));
        Assert.True(account.IsClosed);
        Assert.Equal((2L, 2), (account.Count(InstanceState.Verified), _target.Stores));
    }

    [Fact]
    public async Task A_finding_that_came_before_another_has_a_line_of_its_own()
    {
        await RunAsync("1", ("a", [("damaged.dcm", FaultCode.MalformedContainer), ScriptedSource.Object(1)]));
        var account = await RunAsync("2", ("a", [("another.dcm", FaultCode.MalformedContainer), ("damaged.dcm", FaultCode.MalformedContainer), ScriptedSource.Object(1)]));
        Assert.Equal(2L, account.Count(FaultCode.MalformedContainer));
        Assert.Equal(["another.dcm", "damaged.dcm"], (await _bench.FindAsync("")).Select(static i => i.Identity.Place).Order(StringComparer.Ordinal));
    }
}
