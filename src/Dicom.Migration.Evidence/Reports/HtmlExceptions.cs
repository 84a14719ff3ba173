namespace Dicom.Migration.Evidence;

/// <summary>The exceptions: first by code with meaning and remedy, then one by one by number.</summary>
internal static class HtmlExceptions
{
    public static void Write(HtmlText html, ReportContent content) => html.Section("exceptions", "Exceptions", () =>
    {
        if (content.Sums.ByFault.Count == 0) html.Put($"<p>There are none.</p>");
        else
        {
            Codes(html, "Objects that were not moved, or not as they should be. Each is still at the source.", content.Sums.ByFault);
            OneByOne(html, content);
        }
        if (content.Sums.Remarks.Count > 0) Codes(html, "Verified objects with something to look at.", content.Sums.Remarks);
    });

    private static void Codes(HtmlText html, string caption, IReadOnlyList<ReconciliationLine<FaultCode>> lines) =>
        html.Table(caption, ["Code", "Meaning", "Remedy", "#Objects"], () =>
        {
            foreach (var line in lines)
            {
                var entry = FaultCatalogue.Of(line.Key);
                html.Put($"<tr><th scope=\"row\">{(int)line.Key} {line.Key}</th><td>{entry.Meaning}</td><td>{entry.Remedy}</td><td class=\"n\">{line.Objects:N0}</td></tr>");
            }
        });

    private static void OneByOne(HtmlText html, ReportContent content)
    {
        var options = content.Options;
        if (content.Exceptions.Count > 0)
        {
            html.Put($"<details open><summary>The {(content.ExceptionsNotListed > 0 ? "first " : "")}{content.Exceptions.Count:N0} exceptions, one by one</summary>");
            string[] columns = ["#Object", "Code", "Tag", "#Byte", .. options.IncludeUids ? (string[])["SOP Instance UID"] : [], .. options.IncludeLocators ? (string[])["Unit at the source", "Place in it"] : []];
            html.Table("dicom-migrate explain --ledger FILE NUMBER tells the whole life of one.", columns, () =>
            {
                foreach (var instance in content.Exceptions) Row(html, instance, options);
            });
            html.Put($"</details>");
        }
        if (content.ExceptionsNotListed > 0) html.Put($"<p>{content.ExceptionsNotListed:N0} more exceptions are not listed here; <code>objects.csv</code> has all of them.</p>");
    }

    private static void Row(HtmlText html, LedgerInstance instance, ReportOptions options)
    {
        var fault = instance.Current.Fault ?? new Fault(FaultCode.None);
        html.Put($"<tr><th scope=\"row\" class=\"n\">{instance.Number}</th><td>{(int)fault.Code} {fault.Code}</td><td>{fault.Tag}</td><td class=\"n\">{fault.Offset}</td>");
        if (options.IncludeUids) html.Put($"<td><code>{instance.Identity.SopInstanceUid}</code></td>");
        if (options.IncludeLocators) html.Put($"<td><code>{instance.Identity.UnitKey}</code></td><td><code>{instance.Identity.Place}</code></td>");
        html.Put($"</tr>");
    }
}
