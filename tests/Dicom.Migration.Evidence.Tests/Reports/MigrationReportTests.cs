using System.Text.Json;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Dicom.Migration.DataSets;
using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.Evidence.Tests.Reports;

/// <summary>Each format is parsed back by somebody else's parser, with names and values that would like to be more than text.</summary>
public sealed class MigrationReportTests : IDisposable
{
    private const string HostileUnit = "=HYPERLINK(\"http://evil\")/<script>alert(1)</script>/UNITCANARY\r\n,x";
    private const string HostileRule = "+cmd|' /C calc'!A0\r\n</td><img src=x onerror=alert(1)>";
    private const string HostileClass = "@SUM(1)<b>CLASSCANARY</b>";
    private const string InstanceUid = "2.25.777001";
    private readonly TemporaryLedger _file = new();
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task The_html_is_one_page_without_script_network_or_patient_data()
    {
        var (files, page) = await WriteAsync(new ReportOptions());
        Assert.Empty(page.QuerySelectorAll("script, img, link, iframe, object, embed, [src], [href], [onerror], [onload]"));
        Assert.Equal("en", page.DocumentElement.GetAttribute("lang"));
        Assert.All(page.QuerySelectorAll("table"), t => Assert.NotNull(t.QuerySelector("caption")));
        Assert.All(page.QuerySelectorAll("thead th"), h => Assert.Equal("col", h.GetAttribute("scope")));
        foreach (var file in new[] { files.Html, files.Csv, files.Json })
            foreach (var secret in new[] { "UNITCANARY", "CLASSCANARY", InstanceUid, "secret", "2.25.1.2" })
                Assert.DoesNotContain(secret, await File.ReadAllTextAsync(file, Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_html_says_the_verdict_the_account_each_code_with_its_remedy_and_each_rule_as_text()
    {
        var (_, page) = await WriteAsync(new ReportOptions());
        Assert.Equal("All 5 objects are accounted for: 2 are verified at the target, 2 are exceptions, 1 is left out by a rule.", page.QuerySelector(".verdict p")!.TextContent);
        Assert.Equal(["5", "2", "1", "2", "0", "0"], page.QuerySelectorAll("dl.sum dd").Select(d => d.TextContent));
        Assert.Contains(page.QuerySelectorAll("code"), c => c.TextContent == HostileRule.Replace("\r\n", "\n", StringComparison.Ordinal) || c.TextContent == HostileRule);
        var exceptions = page.QuerySelector("section[aria-labelledby=exceptions]")!.TextContent;
        Assert.Contains("1003 LengthBeyondInput", exceptions, StringComparison.Ordinal);
        Assert.Contains(FaultCatalogue.Of(FaultCode.LengthBeyondInput).Remedy, exceptions, StringComparison.Ordinal);
        Assert.Contains("(7FE0,0010)", exceptions, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Locators_and_uids_that_were_asked_for_are_shown_as_text()
    {
        var (files, page) = await WriteAsync(new ReportOptions { IncludeUids = true, IncludeLocators = true });
        Assert.Empty(page.QuerySelectorAll("script, img, b"));
        Assert.Contains("UNITCANARY", page.Body!.TextContent, StringComparison.Ordinal);
        var rows = Csv.Parse(await File.ReadAllTextAsync(files.Csv, Stop));
        Assert.Equal("'" + HostileUnit, rows[1][Array.IndexOf(rows[0], "unit")]);
        Assert.Equal(InstanceUid, rows[1][Array.IndexOf(rows[0], "sop_instance_uid")]);
    }

    [Fact]
    public async Task No_cell_of_the_csv_is_a_formula_and_each_object_is_one_line()
    {
        var (files, _) = await WriteAsync(new ReportOptions { IncludeUids = true, IncludeLocators = true });
        var rows = Csv.Parse(await File.ReadAllTextAsync(files.Csv, Stop));
        Assert.Equal(1 + 5, rows.Count);
        Assert.All(rows, r => Assert.Equal(rows[0].Length, r.Length));
        Assert.All(rows.SelectMany(r => r).Where(c => c.Length > 0), c => Assert.DoesNotContain(c[0], "=+-@\t\r\n"));
        Assert.Equal(["Verified", "Verified", "Excluded", "Excepted", "Excepted"], rows.Skip(1).Select(r => r[1]));
    }

    [Fact]
    public async Task The_json_adds_up()
    {
        var (files, _) = await WriteAsync(new ReportOptions { MaxExceptionsListed = 1 });
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(files.Json, Stop));
        var account = json.RootElement.GetProperty("account");
        long Of(string name) => account.GetProperty(name).GetInt64();
        Assert.Equal(Of("discovered"), Of("verified") + Of("excluded") + Of("excepted") + Of("superseded") + Of("open"));
        Assert.True(account.GetProperty("isClosed").GetBoolean());
        Assert.Equal("ClosedWithExceptions", json.RootElement.GetProperty("verdict").GetString());
        Assert.Equal(1, json.RootElement.GetProperty("exceptions").GetArrayLength());
        Assert.Equal(1, json.RootElement.GetProperty("exceptionsNotListed").GetInt64());
        Assert.Equal(5, json.RootElement.GetProperty("sopClasses").EnumerateArray().Sum(c => c.GetProperty("objects").GetInt64()));
    }

    [Fact]
    public async Task More_exceptions_than_the_limit_are_counted_and_not_listed()
    {
        var (_, page) = await WriteAsync(new ReportOptions { MaxExceptionsListed = 1 });
        Assert.Single(page.QuerySelectorAll("details tbody tr"));
        Assert.Contains("1 more exceptions are not listed here", page.Body!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_is_open_is_called_so_and_by_how_many()
    {
        await _file.FillAsync("unit", true, new LedgerDiscovery("unit", "2.25.5"), new LedgerDiscovery("unit", "2.25.6"));
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        var sums = await Evidence.Reconciliation.ReadAsync(ledger, Stop);
        Assert.Equal((Verdict.NotClosed, 2, true), (sums.Verdict, sums.Open, sums.Agrees));
        var files = await MigrationReport.WriteAsync(ledger, Path.Join(_file.Folder, "report"), new ReportOptions(), TimeProvider.System, Stop);
        Assert.StartsWith("Not closed: 2 objects", Parse(files.Html).QuerySelector(".verdict p")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_replaces_the_former_one_whole_and_leaves_nothing_else_behind()
    {
        await WriteAsync(new ReportOptions());
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var before = await File.ReadAllTextAsync(Path.Join(_file.Folder, "report", "report.html"), Stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MigrationReport.WriteAsync(ledger, Path.Join(_file.Folder, "report"), new ReportOptions(), TimeProvider.System, stop.Token));
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Join(_file.Folder, "report", "report.html"), Stop));
        Assert.Equal(["objects.csv", "report.html", "report.json"], Directory.EnumerateFiles(Path.Join(_file.Folder, "report")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_fault_code_has_a_meaning_and_a_remedy() => Assert.All(Enum.GetValues<FaultCode>().Where(c => c != FaultCode.None), code =>
        Assert.DoesNotContain("Not known to this version", FaultCatalogue.Of(code).Meaning, StringComparison.Ordinal));

    private async Task<(ReportFiles Files, IDocument Page)> WriteAsync(ReportOptions options)
    {
        var digest = new LedgerDigest(new byte[32]);
        LedgerDiscovery Object(string uid, LedgerOutcome then) => new(HostileUnit, uid) { SopClassUid = HostileClass, StudyInstanceUid = "2.25.1.2", TransferSyntaxUid = "1.2.840.10008.1.2.1", Length = 1_000, Then = then };
        await _file.FillAsync(HostileUnit, true,
            Object(InstanceUid, new(InstanceState.Verified) { Evidence = EvidenceLevel.L4, TargetDigest = digest }),
            Object("2.25.777002", new(InstanceState.Verified) { Evidence = EvidenceLevel.L1, TargetDigest = digest, Fault = new(FaultCode.UidConflict) }),
            Object("2.25.777003", new(InstanceState.Excluded) { Rule = HostileRule }),
            Object("2.25.777004", new(InstanceState.Excepted) { Fault = new(FaultCode.LengthBeyondInput, new DicomTag(0x7FE00010), 936) }),
            Object("2.25.777005", new(InstanceState.Excepted) { Fault = new(FaultCode.Refused) }));
        using var ledger = SqliteLedgerReader.Open(_file.Path);
        var files = await MigrationReport.WriteAsync(ledger, Path.Join(_file.Folder, "report"), options, TimeProvider.System, Stop);
        return (files, Parse(files.Html));
    }

    private static IDocument Parse(string path)
    {
        var parser = new HtmlParser(new HtmlParserOptions { IsStrictMode = false });
        return parser.ParseDocument(File.ReadAllText(path));
    }
}
