using System.Buffers;
using System.Globalization;

namespace Dicom.Migration.Evidence;

/// <summary>One line an object (RFC 4180, UTF-8, with a header line).</summary>
internal sealed class CsvReport(TextWriter writer, ReportOptions options)
{
    // A spreadsheet takes a cell that begins so for a formula; the wide forms are folded into these by some.
    private static readonly SearchValues<char> Formula = SearchValues.Create("=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20");
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n'");

    public Task WriteHeaderAsync() => WriteCellsAsync(
        ["number", "state", "evidence", "fault", "fault_name", "tag", "byte", "rule", "sop_class", "transfer_syntax", "bytes", "attempts",
         "source_sha256", "sent_sha256", "target_sha256",
         .. options.IncludeUids ? (string[])["study_uid", "series_uid", "sop_instance_uid"] : [],
         .. options.IncludeLocators ? (string[])["unit", "place", "copy"] : []]);

    public Task WriteAsync(LedgerInstance instance)
    {
        var (now, identity) = (instance.Current, instance.Identity);
        return WriteCellsAsync(
            [Number(instance.Number), now.State.ToString(), now.Evidence?.ToString(),
             now.Fault is { } f ? Number((int)f.Code) : null, now.Fault?.Code.ToString(), now.Fault?.Tag?.ToString(), Number(now.Fault?.Offset), now.Rule,
             Words.OfUid(identity.SopClassUid ?? "", options.IncludeUids).Uid, Words.OfUid(identity.TransferSyntaxUid ?? "", options.IncludeUids).Uid,
             Number(now.Length), Number(instance.Attempts), now.SourceDigest?.ToString(), now.SentDigest?.ToString(), now.TargetDigest?.ToString(),
             .. options.IncludeUids ? (string?[])[identity.StudyInstanceUid, identity.SeriesInstanceUid, identity.SopInstanceUid] : [],
             .. options.IncludeLocators ? (string?[])[identity.UnitKey, identity.Place, Number(identity.Copy)] : []]);
    }

    private async Task WriteCellsAsync(string?[] cells)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            if (i > 0) await writer.WriteAsync(',').ConfigureAwait(false);
            await writer.WriteAsync(Cell(cells[i] ?? "")).ConfigureAwait(false);
        }
        await writer.WriteAsync("\r\n").ConfigureAwait(false);
    }

    private static string Cell(string text)
    {
        if (text.Length > 0 && Formula.Contains(text[0])) text = "'" + text;
        return text.AsSpan().ContainsAny(Quoted) ? "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : text;
    }

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
