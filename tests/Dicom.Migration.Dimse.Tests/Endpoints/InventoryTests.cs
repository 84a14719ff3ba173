using Dicom.Migration.DataSets;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Every study is listed, however the archive cuts its answers.</summary>
public sealed class InventoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, false)]
    [InlineData(10, true)]
    [InlineData(10, false)]
    [InlineData(7, false)]
    [InlineData(3, true)]
    public async Task Every_study_is_listed_whether_answers_are_cut_silently_or_not(int most, bool isTold)
    {
        await using var pacs = Of(Enumerable.Range(0, 40).Select(i => Study(i, $"2011{1 + i / 20:D2}{1 + i % 20:D2}", $"{i % 24:D2}0000", $"P{i}")));
        pacs.Script = new PacsScript { MaxMatches = most, TellsCut = isTold };
        Assert.Equal(pacs.Instances.Select(static i => i.StudyInstanceUid).Order(StringComparer.Ordinal), await ListAsync(pacs));
    }

    [Fact]
    public async Task A_day_with_more_studies_than_an_answer_has_is_divided_by_time_and_patient()
    {
        await using var pacs = Of(Enumerable.Range(0, 30).Select(i => Study(i, "20110301", i < 10 ? "" : i < 20 ? "120000" : $"{i % 24:D2}3000", $"{(char)('A' + i)}1")));
        pacs.Script = new PacsScript { MaxMatches = 5, TellsCut = true };
        Assert.Equal(pacs.Instances.Select(static i => i.StudyInstanceUid).Order(StringComparer.Ordinal), await ListAsync(pacs));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("", "120000")]
    [InlineData("120000", "")]
    [InlineData("120000", "120000")]
    public async Task A_day_that_is_cut_in_silence_is_listed_whether_its_studies_have_a_time_or_not(string early, string late)
    {
        await using var pacs = Of(Enumerable.Range(0, 80).Select(i => Study(i, "20110301", i < 50 ? early : late, $"{(char)('A' + i % 26)}{i}")));
        pacs.Script = new PacsScript { MaxMatches = 50 };
        Assert.Equal(pacs.Instances.Select(static i => i.StudyInstanceUid).Order(StringComparer.Ordinal), await ListAsync(pacs));
    }

    [Fact]
    public async Task A_study_without_date_is_listed_though_as_many_others_as_an_answer_has_have_one()
    {
        await using var pacs = Of([.. Enumerable.Range(0, 50).Select(static i => Study(i, $"20110{1 + i / 25}{1 + i % 25:D2}", "120000", $"P{i}")), Study(99, "", "", "Z")]);
        pacs.Script = new PacsScript { MaxMatches = 50 };
        Assert.Contains("1.2.99", await ListAsync(pacs));
    }

    [Fact]
    public async Task A_cut_day_may_hold_studies_that_no_query_shows_and_is_in_the_account()
    {
        await using var pacs = Of([.. Enumerable.Range(0, 9).Select(static i => Study(i, "20110301", "", $"{(char)('A' + i)}")), Study(99, "20110301", "", "") with { Modality = "XX" }]);
        pacs.Script = new PacsScript { MaxMatches = 5 };
        await using var source = Archives.Source(pacs);
        Assert.Contains(await UnitsAsync(source), static u => u.Key.StartsWith(StudyInventory.Unlistable + "20110301", StringComparison.Ordinal));
    }

    [Fact]
    public async Task More_studies_than_this_side_takes_from_one_query_are_no_exception()
    {
        await using var pacs = Of(Enumerable.Range(0, 27).Select(static i => Study(i, $"201103{1 + i:D2}", $"{i % 24:D2}0000", $"P{i}")));
        await using var source = Archives.Source(pacs, configure: static o => o.MaxStudiesPerQuery = 5);
        Assert.DoesNotContain(await UnitsAsync(source), static u => !DicomUid.IsValid(u.Key));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_archive_that_does_not_match_by_time_is_not_asked_for_every_second()
    {
        await using var pacs = Of(Enumerable.Range(0, 80).Select(static i => Study(i, "20110301", "120000", $"{(char)('A' + i % 26)}{i}")));
        pacs.Script = new PacsScript { MaxMatches = 50, IgnoresStudyTime = true };
        await using var source = Archives.Source(pacs);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var unit in source.DiscoverAsync(null, TestContext.Current.CancellationToken)) keys.Add(unit.Key);
        Assert.Subset(keys, pacs.Instances.Select(static i => i.StudyInstanceUid).ToHashSet(StringComparer.Ordinal));
    }

    [Theory, InlineData(80, true), InlineData(80, false), InlineData(50, false)]
    public async Task An_archive_that_matches_neither_by_patient_nor_by_modality_is_not_asked_for_every_letter_of_every_letter(int studies, bool isTold)
    {
        await using var pacs = Of([.. Enumerable.Range(0, studies).Select(static i => Study(i, "20110301", "", $"{(char)('A' + i % 26)}{i}")), .. Enumerable.Range(0, 60).Select(static i => Study(100 + i, $"2012{1 + i / 20:D2}{1 + i % 20:D2}", "120000", "Z"))]);
        pacs.Script = new PacsScript { MaxMatches = 50, TellsCut = isTold, IgnoresPatientIdAndModality = true };
        await using var source = Archives.Source(pacs);
        var units = (await UnitsAsync(source)).Select(static u => u.Key).ToHashSet(StringComparer.Ordinal); // some hundred queries, and not millions
        var hidden = pacs.Instances.Count(i => !units.Contains(i.StudyInstanceUid));
        Assert.Equal(studies - 50, hidden);
        if (hidden > 0) Assert.Contains(units, static u => !DicomUid.IsValid(u)); // what nobody can list is in the account
    }

    [Fact]
    public async Task An_answer_that_is_no_data_set_ends_no_listing_and_is_in_the_account()
    {
        await using var pacs = Of([Study(1, "20110301", "120000", "A"), Study(2, "20110302", "120000", "B")]);
        pacs.Script = new PacsScript { SendsUnreadableMatches = true };
        await using var source = Archives.Source(pacs);
        var units = await UnitsAsync(source);
        Assert.Subset(units.Select(static u => u.Key).ToHashSet(StringComparer.Ordinal), new HashSet<string>(["1.2.1", "1.2.2"], StringComparer.Ordinal));
        var items = new List<SourceItem>();
        await foreach (var item in source.ReadAsync(units.First(static u => u.Key.StartsWith(StudyInventory.Unreadable, StringComparison.Ordinal)), Token)) items.Add(item);
        Assert.Equal(FaultCode.ProtocolViolation, Assert.IsType<SourceFinding>(Assert.Single(items)).Fault?.Code);
    }

    [Fact]
    public async Task Studies_of_a_cut_day_without_time_and_patient_ID_are_listed_by_modality()
    {
        await using var pacs = Of(Enumerable.Range(0, 12).Select(static i => Study(i, "20110301", "", "") with { Modality = new[] { "CT", "MR", "US" }[i / 4] }));
        pacs.Script = new PacsScript { MaxMatches = 5, TellsCut = true };
        Assert.Equal(pacs.Instances.Select(static i => i.StudyInstanceUid).Order(StringComparer.Ordinal), await ListAsync(pacs));
    }

    [Fact]
    public async Task Studies_of_a_second_whose_patient_IDs_begin_alike_are_listed_by_more_than_one_letter()
    {
        await using var pacs = Of(Enumerable.Range(0, 120).Select(static i => Study(i, "20110301", "120000", $"P{i:D3}")));
        pacs.Script = new PacsScript { MaxMatches = 50 };
        Assert.Equal(pacs.Instances.Select(static i => i.StudyInstanceUid).Order(StringComparer.Ordinal), await ListAsync(pacs));
    }

    [Fact]
    public async Task Studies_without_a_usable_date_are_listed()
    {
        await using var pacs = Of([Study(1, "", "", "A"), Study(2, "20110230", "", "B"), Study(3, "17000101", "", "C"), Study(4, "29990101", "", "D"), Study(5, "20110101", "", "E")]);
        Assert.Equal(pacs.Instances.Select(static i => i.StudyInstanceUid).Order(StringComparer.Ordinal), await ListAsync(pacs));
    }

    [Fact]
    public async Task Studies_that_the_archive_does_not_let_list_are_in_the_account()
    {
        await using var pacs = Of(Enumerable.Range(0, 6).Select(static i => Study(i, "20110301", "120000", "SAME")));
        pacs.Script = new PacsScript { MaxMatches = 3, TellsCut = true };
        await using var source = Archives.Source(pacs);
        var findings = new List<SourceItem>();
        foreach (var unit in (await UnitsAsync(source)).Where(static u => !DicomUid.IsValid(u.Key)))
            await foreach (var item in source.ReadAsync(unit, Token)) findings.Add(item);
        Assert.NotEmpty(findings);
        Assert.DoesNotContain(await UnitsAsync(source), static u => u.Key.Contains("SAME", StringComparison.Ordinal)); // the patient ID of all of them
        Assert.All(findings, static f => Assert.Equal(FaultCode.QueryTooLarge, Assert.IsType<SourceFinding>(f).Fault?.Code));
    }

    [Fact]
    public async Task Every_instance_of_a_study_whose_UID_is_malformed_or_missing_is_in_the_account()
    {
        await using var pacs = Of([.. new[] { ("", "B"), ("", "B"), ("", "C"), ("1.2.x", "D") }.Select(static (s, i) => Study(10 + i, "20110301", "120000", s.Item2) with { StudyInstanceUid = s.Item1 })]);
        await using var source = Archives.Source(pacs);
        await using var target = Archives.Target(new ScriptedPacs());
        using var migration = new Migration();
        await migration.RunAsync(source, target);
        Assert.Equal(4, (await migration.InstancesAsync()).Count(static i => i.Current.Fault?.Code is FaultCode.MalformedUid));
    }

    [Fact]
    public async Task A_study_without_date_and_patient_ID_that_a_cut_answer_may_hide_is_in_the_account()
    {
        await using var pacs = Of([.. Enumerable.Range(0, 20).Select(static i => Study(i, $"201103{1 + i:D2}", "120000", $"P{i}")), Study(99, "", "", "")]);
        pacs.Script = new PacsScript { MaxMatches = 7 };
        await using var source = Archives.Source(pacs);
        Assert.Contains(await UnitsAsync(source), static u => u.Key is "1.2.99" or StudyInventory.Unlistable + "neither a date nor a patient ID");
    }

    [Fact]
    public async Task A_listing_that_goes_on_knows_what_the_first_one_learnt_of_the_archive()
    {
        await using var pacs = Of([.. Enumerable.Range(0, 20).Select(static i => Study(i, $"201103{1 + i:D2}", "120000", $"P{i}")), Study(99, "", "", "Z")]);
        pacs.Script = new PacsScript { MaxMatches = 7 };
        await using var source = Archives.Source(pacs);
        var last = (await UnitsAsync(source)).FindLast(static u => u.Cursor is not null)!.Cursor;
        Assert.Contains(await UnitsAsync(source, last), static u => u.Key is "1.2.99");
    }

    [Fact]
    public async Task A_listing_that_cannot_tell_where_it_was_begins_anew()
    {
        await using var pacs = Of(Enumerable.Range(0, 3).Select(static i => Study(i, $"2011030{1 + i}", "120000", "P")));
        await using var source = Archives.Source(pacs);
        foreach (var text in new[] { "", "20111231", "20111231 1 2", "20111231 1 2 x", "2011 1 2 3" })
            Assert.Equal(3, (await UnitsAsync(source, new SourceCursor(text))).DistinctBy(static u => u.Key).Count());
    }

    private static async Task<List<SourceUnit>> UnitsAsync(DimseSource source, SourceCursor? after = null)
    {
        var units = new List<SourceUnit>();
        await foreach (var unit in source.DiscoverAsync(after, Token)) units.Add(unit);
        return units;
    }

    private static async Task<IEnumerable<string>> ListAsync(ScriptedPacs pacs)
    {
        await using var source = Archives.Source(pacs);
        return (await UnitsAsync(source)).Select(static u => u.Key).Where(static k => DicomUid.IsValid(k)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }

    private static ScriptedPacs Of(IEnumerable<PacsInstance> instances)
    {
        var pacs = new ScriptedPacs();
        foreach (var instance in instances) pacs.Add(instance);
        return pacs;
    }

    private static PacsInstance Study(int number, string date, string time, string patientId) => new("1.2.840.10008.5.1.4.1.1.7", $"1.2.{number}.3", TransferSyntax.ExplicitVrLittleEndian, default)
    {
        StudyInstanceUid = $"1.2.{number}", SeriesInstanceUid = $"1.2.{number}.1", StudyDate = date, StudyTime = time, PatientId = patientId, Modality = "OT",
    };
}
