using System.Globalization;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>No study is left out of a listing without a sign, however the archive pages and whatever it caps.</summary>
public sealed class ListingTests
{
    private const int Count = 40;
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
        Assert.Contains("!query 20200102-20200102 101112-101112.999999", units);
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
    public async Task Studies_without_a_date_that_a_cap_may_hide_are_a_unit_that_says_so()
    {
        var filled = Filled(static _ => "", static _ => ""); // none has a date: only the cap's worth is ever seen
        var seen = 0;
        for (var i = 0; i < 3; i++) filled.Add(WebPeers.OfOneStudy(1, 10, "2.25.4242" + i).Single() with { StudyDate = "20100101" });
        filled.Script = new() { Cap = 5 };
        var units = await ListAsync(filled);
        seen = units.Count(static k => !k.StartsWith('!'));
        Assert.InRange(seen, 6, 9);
        Assert.Contains("!query without a date or time", units);
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
        Assert.Equal(Enumerable.Range(0, Count).Select(Uid).Order(), keys.Where(static k => !k.StartsWith('!')).Order());
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

    private static ScriptedWebPacs Filled(Func<int, string> date, Func<int, string> time)
    {
        var pacs = new ScriptedWebPacs();
        for (var i = 0; i < Count; i++) pacs.Add(WebPeers.OfOneStudy(1, 10, Uid(i)).Single() with { StudyDate = date(i), StudyTime = time(i) });
        return pacs;
    }

    private static async Task<List<string>> ListAsync(ScriptedWebPacs pacs, Action<DicomWebSourceOptions>? configure = null)
    {
        var source = new DicomWebSource("old", WebPeers.Client(pacs, configure), new DicomWebSourceOptions { BaseAddress = ScriptedWebPacs.Root }, TimeProvider.System);
        return [.. (await source.DiscoverAsync(null, Token).Select(static u => u.Key).ToListAsync(Token)).Distinct(StringComparer.Ordinal)];
    }
}
