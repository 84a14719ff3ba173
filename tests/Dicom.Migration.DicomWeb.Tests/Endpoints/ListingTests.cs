using System.Globalization;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>No study is left out of a listing without a sign, however the archive pages and whatever it caps.</summary>
public sealed class ListingTests
{
    private const int Count = 40;
    private const string Remainder = "!query without a date or time, a patient ID, a usual modality";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(3), InlineData(11), InlineData(39), InlineData(40), InlineData(1_000)]
    public async Task All_studies_are_listed_under_a_cap_that_nobody_mentions_and_what_it_may_hide_is_a_unit(int cap)
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static i => "");
        pacs.Script = new() { Cap = cap };
        var keys = await ListAsync(pacs);
        Assert.Equal(Enumerable.Range(0, Count).Select(Uid).Order(), keys.Where(static k => !k.StartsWith('!')).Order());
        Assert.Equal(cap < Count - 1 ? 1 : 0, keys.Count(static k => k.StartsWith('!'))); // N + 1 are given
    }

    [Fact]
    public async Task A_day_with_more_studies_than_the_cap_is_divided_by_time()
    {
        using var pacs = Filled(static _ => "20200102", static i => $"{i % 24:00}{i:00}30.5");
        pacs.Script = new() { Cap = 4 };
        var keys = await ListAsync(pacs);
        Assert.Equal(Enumerable.Range(0, Count).Select(Uid).Order(), keys.Where(static k => !k.StartsWith('!')).Order());
    }

    [Fact]
    public async Task A_second_with_more_studies_than_the_cap_is_a_unit_that_ends_as_an_exception()
    {
        using var pacs = Filled(static i => "20200102", static i => i < 20 ? "101112" : "1415");
        pacs.Script = new() { Cap = 4 };
        var units = await ListAsync(pacs);
        Assert.Contains("!query 20200102-20200102 101112-101112.999999, a patient ID, a usual modality", units);
        var finding = Assert.IsType<SourceFinding>(await WebPeers.Source(pacs).ReadAsync(new SourceUnit(units.First(static k => k.StartsWith('!')), SourceUnitKind.Study), Token).SingleAsync(Token));
        Assert.Equal(FaultCode.QueryTooLarge, finding.Fault!.Value.Code);
    }

    [Theory, InlineData("00080020"), InlineData("00080030")]
    public async Task An_archive_that_does_not_match_by_date_or_time_is_not_asked_for_ever(string unmatched)
    {
        using var pacs = Filled(static _ => "20200102", static _ => "101112");
        pacs.Script = new() { Unmatched = [unmatched] };
        Assert.Equal(Enumerable.Range(0, Count).Select(Uid).Order(), (await ListAsync(pacs)).Order());
        Assert.InRange(pacs.Requests.Count, 5, 250);
    }

    [Fact]
    public async Task A_second_with_more_studies_than_the_cap_is_divided_by_patient()
    {
        using var pacs = Filled(static _ => "20200102", static _ => "101112");
        pacs.Add(WebPeers.OfOneStudy(1, 10, "2.25.4242").Single() with { StudyDate = "20100101" });
        pacs.Script = new() { Cap = 5 };
        var keys = await ListAsync(pacs);
        Assert.Equal(Enumerable.Range(0, Count).Select(Uid).Append("2.25.4242").Order(), keys.Where(static k => !k.StartsWith('!')).Order());
        Assert.Equal(["!query 20200102-20200102 101112-101112.999999, a patient ID, a usual modality", Remainder], keys.Where(static k => k.StartsWith('!')));
    }

    [Theory]
    [InlineData("P{0:00}", "ZZ")] // by patient
    [InlineData("", "{0:mod}")] // by modality
    [InlineData("{0:odd}", "{0:mod}")] // some have the one, some the other
    [InlineData("{0:00} (*?)", "")] // wildcards of their own beyond the first letters
    public async Task Studies_without_a_date_are_listed_by_patient_and_by_modality_under_a_proven_cap(string patient, string modality)
    {
        using var pacs = Undated(i => Text(patient, i), i => Text(modality, i));
        pacs.Script = new() { Cap = 5 };
        var keys = await ListAsync(pacs);
        Assert.Equal(Enumerable.Range(0, Count + 3).Select(Uid).Order(), keys.Where(static k => !k.StartsWith('!')).Order());
        Assert.Equal([Remainder], keys.Where(static k => k.StartsWith('!')));
    }

    [Fact]
    public async Task Studies_without_a_date_that_cannot_be_told_apart_are_units_by_name()
    {
        using var onePatient = Undated(static _ => "P1", static _ => "CT");
        onePatient.Script = new() { Cap = 5 };
        var keys = await ListAsync(onePatient);
        Assert.Contains(keys, static k => k.StartsWith("!query without a date or time patient ID of 2 letters #", StringComparison.Ordinal));
        Assert.DoesNotContain(keys, static k => k.Contains("P1", StringComparison.Ordinal)); // the patient ID itself
        Assert.Contains(Remainder + " but CT", keys);
        using var nothing = Undated(static _ => "", static _ => "ZZ");
        nothing.Script = new() { Cap = 5 };
        keys = await ListAsync(nothing);
        Assert.InRange(keys.Count(static k => !k.StartsWith('!')), 6, 9);
        Assert.Equal([Remainder], keys.Where(static k => k.StartsWith('!')));
    }

    [Theory]
    [InlineData("00100020", "!query without a date or time, a usual modality")]
    [InlineData("00080061", "!query without a date or time, a patient ID")]
    [InlineData("00100020 00080061", "!query without a date or time")]
    public async Task An_archive_that_does_not_match_by_patient_or_modality_is_not_asked_for_ever(string unmatched, string remainder)
    {
        using var pacs = Undated(static i => $"P{i:00}", static i => Text("{0:mod}", i));
        pacs.Script = new() { Cap = 5, Unmatched = unmatched.Split(' ') };
        var keys = await ListAsync(pacs);
        Assert.Contains(remainder, keys);
        if (!unmatched.Contains(' ', StringComparison.Ordinal)) Assert.Equal(Count + 3, keys.Count(static k => !k.StartsWith('!'))); // the other key finds them
        Assert.InRange(pacs.Requests.Count, 5, 800);
    }

    [Theory, InlineData(0), InlineData(5), InlineData(11)]
    public async Task A_listing_goes_on_behind_the_years_that_were_listed_and_leaves_nothing_out(int cap)
    {
        using var pacs = Filled(static i => i % 4 == 0 ? "" : $"20{i % 20:00}0101", static _ => "");
        pacs.Script = new() { Cap = cap };
        var units = await Source(pacs).DiscoverAsync(null, Token).ToListAsync(Token);
        var all = pacs.Requests.Count;
        var cursors = units.Select(static (u, i) => (u.Cursor, Index: i)).Where(static c => c.Cursor is not null).ToList();
        Assert.True(cursors.Count >= 10, $"{cursors.Count} cursors");
        foreach (var (cursor, index) in cursors)
        {
            pacs.Requests.Clear();
            var rest = await Source(pacs).DiscoverAsync(cursor, Token).ToListAsync(Token);
            Assert.Equal(units.Select(static u => u.Key).Distinct().Order(), units.Take(index + 1).Concat(rest).Select(static u => u.Key).Distinct().Order());
            Assert.True(pacs.Requests.Count < all, "What was listed is not asked for again.");
        }
    }

    [Fact]
    public async Task A_cap_that_only_an_early_year_proves_is_not_forgotten_behind_a_cursor()
    {
        using var pacs = Undated(static i => $"P{i:00}", static _ => "ZZ");
        pacs.Script = new() { Cap = 5 };
        // All studies with a date that the plain listing has not are of 2010: whoever goes on behind 2011 sees no sign of the cap.
        pacs.Add(WebPeers.OfOneStudy(1, 10, "2.25.4343", "X").Single() with { StudyDate = "20110101" });
        var cursor = (await Source(pacs).DiscoverAsync(null, Token).ToListAsync(Token)).Last(static u => u.Cursor is not null).Cursor!;
        Assert.Equal("20111231 capped", cursor.Value);
        var rest = await Source(pacs).DiscoverAsync(cursor, Token).Select(static u => u.Key).ToListAsync(Token);
        Assert.Superset(Enumerable.Range(0, Count).Select(Uid).ToHashSet(), rest.ToHashSet());
        Assert.Contains(Remainder, rest);
    }

    [Fact]
    public async Task A_year_that_is_as_full_as_the_plain_listing_is_left_open_until_it_is_known_whether_there_is_a_cap()
    {
        // The cap's worth is all of 2005, in one second; the next year proves that there is a cap.
        var pacs = Filled(static _ => "20050102", static _ => "101112");
        pacs.Add(WebPeers.OfOneStudy(1, 10, "2.25.4242", "X").Single() with { StudyDate = "20060101" });
        pacs.Script = new() { Cap = 5 };
        var units = await Source(pacs).DiscoverAsync(null, Token).ToListAsync(Token);
        Assert.Equal(["20061231 capped"], units.Where(static u => u.Cursor is not null).Select(static u => u.Cursor!.Value));
        Assert.Equal(Count + 1, units.Select(static u => u.Key).Where(static k => !k.StartsWith('!')).Distinct().Count());
    }

    [Fact]
    public async Task A_study_of_two_patients_in_two_years_does_not_end_the_listing_by_years()
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static _ => "");
        foreach (var (patient, year) in new[] { ("A", "1999"), ("B", "2001") }) pacs.Add(WebPeers.OfOneStudy(1, 10, "2.25.4242", patient).Single() with { StudyDate = year + "0101" });
        pacs.Script = new() { Cap = 5, SplitsStudiesByPatient = true };
        Assert.Equal(Count + 1, (await ListAsync(pacs)).Count(static k => !k.StartsWith('!')));
    }

    [Theory, InlineData(WebPacsPaging.Honoured), InlineData(WebPacsPaging.Overlaps)]
    public async Task Pages_that_overlap_lose_nothing(WebPacsPaging paging)
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static _ => "");
        pacs.Script = new() { Paging = paging };
        var found = await WebPeers.Client(pacs, static o => o.PageSize = 7).SearchStudiesAsync(cancellationToken: Token).Select(static s => s.GetString(DicomTags.StudyInstanceUid)!).ToListAsync(Token);
        Assert.Equal(Count, found.Distinct(StringComparer.Ordinal).Count());
        Assert.InRange(pacs.Requests.Count, 1, 12);
    }

    [Theory, InlineData(WebPacsPaging.OffsetIgnored), InlineData(WebPacsPaging.Loops), InlineData(WebPacsPaging.Endless)]
    public async Task Pages_that_never_end_are_an_error_and_not_the_end(WebPacsPaging paging)
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static _ => "");
        pacs.Script = new() { Paging = paging };
        var client = WebPeers.Client(pacs, static o => (o.PageSize, o.MaxResults) = (8, 500));
        var e = await Assert.ThrowsAsync<DicomWebException>(async () => await client.SearchStudiesAsync(cancellationToken: Token).ToListAsync(Token));
        Assert.Equal(FaultCode.QueryTooLarge, e.Fault.Code);
        Assert.InRange(pacs.Requests.Count, 1, 70);
        await Assert.ThrowsAsync<SourceUnavailableException>(async () => await WebPeers.Source(pacs, static o => (o.PageSize, o.MaxResults) = (8, 500)).DiscoverAsync(null, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task An_ignored_offset_does_no_harm_where_one_page_holds_all()
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static _ => "");
        pacs.Script = new() { Paging = WebPacsPaging.OffsetIgnored };
        Assert.Equal(Count, await WebPeers.Client(pacs).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token));
    }

    [Fact]
    public async Task A_study_that_slips_past_the_pages_because_another_is_deleted_is_listed_by_its_date()
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static _ => "");
        var pages = 0;
        pacs.Script = new() { Answers = r => { if (r.RequestUri!.Query.Contains("offset=10", StringComparison.Ordinal) && pages++ == 0) pacs.Script = pacs.Script with { Withheld = 1 }; return null; } };
        var keys = await ListAsync(pacs, static o => o.PageSize = 10);
        Assert.Equal(Enumerable.Range(0, Count).Select(Uid).Order(), keys.Order()); // and that is no sign of a cap
    }

    [Fact]
    public async Task A_study_that_comes_while_others_are_listed_is_listed_and_no_sign_of_a_cap()
    {
        using var pacs = Filled(static i => $"20{i % 20:00}0101", static _ => "");
        pacs.Script = new() { Answers = r => { if (r.RequestUri!.Query.Contains("20050101", StringComparison.Ordinal) && pacs.Instances.Count == Count) pacs.Add(WebPeers.OfOneStudy(1, 10, Uid(Count)).Single() with { StudyDate = "20150101" }); return null; } };
        Assert.Equal(Enumerable.Range(0, Count + 1).Select(Uid).Order(), (await ListAsync(pacs)).Order());
    }

    [Fact]
    public async Task A_study_with_a_uid_that_is_none_becomes_no_url_but_an_exception()
    {
        using var pacs = Filled(static _ => "20200102", static _ => "");
        foreach (var uid in new[] { "1.2/../../admin", "1.2?x=y", "1.2#", "1.2\r\nX: y", "%2e%2e", "1..2", new string('1', 65) })
        {
            var finding = Assert.IsType<SourceFinding>(await WebPeers.Source(pacs).ReadAsync(new SourceUnit(uid, SourceUnitKind.Study), Token).SingleAsync(Token));
            Assert.Equal(FaultCode.MalformedUid, finding.Fault!.Value.Code);
            Assert.Equal(FaultCode.MalformedUid, Assert.Throws<DicomWebException>(() => new DicomWebResource(uid)).Fault.Code);
            Assert.Equal(FaultCode.MalformedUid, Assert.Throws<DicomWebException>(() => new DicomWebResource("1.2", "1.3", uid)).Fault.Code);
        }
        Assert.Empty(pacs.Requests);
        Assert.Equal("1.02", new DicomWebResource("1.02").StudyInstanceUid); // a leading zero is let pass
    }

    private static string Uid(int i) => "2.25.31" + i.ToString(CultureInfo.InvariantCulture);

    private static string Text(string form, int i) => form switch
    {
        "{0:mod}" => StudyPart.Modalities[i % 20],
        "{0:odd}" => i % 2 == 0 ? "" : $"P{i:00}",
        _ => string.Format(CultureInfo.InvariantCulture, form, i),
    };

    private static ScriptedWebPacs Filled(Func<int, string> date, Func<int, string> time)
    {
        var pacs = new ScriptedWebPacs();
        for (var i = 0; i < Count; i++) pacs.Add(WebPeers.OfOneStudy(1, 10, Uid(i), $"P{i:00}").Single() with { StudyDate = date(i), StudyTime = time(i) });
        return pacs;
    }

    /// <summary>None has a date but the last three, which prove a cap.</summary>
    private static ScriptedWebPacs Undated(Func<int, string> patient, Func<int, string> modality)
    {
        var pacs = new ScriptedWebPacs();
        for (var i = 0; i < Count + 3; i++)
            pacs.Add(WebPeers.OfOneStudy(1, 10, Uid(i)).Single() with { PatientId = patient(i), Modality = modality(i), StudyDate = i < Count ? "" : "20100101", StudyTime = "" });
        return pacs;
    }

    private static DicomWebSource Source(ScriptedWebPacs pacs, Action<DicomWebSourceOptions>? configure = null) =>
        new("old", WebPeers.Client(pacs, configure), new DicomWebSourceOptions { BaseAddress = ScriptedWebPacs.Root }, TimeProvider.System);

    private static async Task<List<string>> ListAsync(ScriptedWebPacs pacs, Action<DicomWebSourceOptions>? configure = null) =>
        [.. (await Source(pacs, configure).DiscoverAsync(null, Token).Select(static u => u.Key).ToListAsync(Token)).Distinct(StringComparer.Ordinal)];
}
