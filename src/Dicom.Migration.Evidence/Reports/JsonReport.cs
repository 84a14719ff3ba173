using System.Text;
using System.Text.Json;

namespace Dicom.Migration.Evidence;

/// <summary>The account as JSON; its members are described in docs/evidence.md.</summary>
internal static class JsonReport
{
    private const string Schema = "dicom-migration-report/1";

    public static async Task WriteAsync(Stream stream, ReportContent content, CancellationToken cancellationToken)
    {
        var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        await using (json.ConfigureAwait(false))
        {
            json.WriteStartObject();
            WriteHead(json, content);
            WriteAccount(json, content.Sums);
            WriteBreakdowns(json, content);
            WriteExceptions(json, content);
            WriteAudit(json, content.Options.Audit);
            json.WriteEndObject();
            await json.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static void WriteHead(Utf8JsonWriter json, ReportContent content)
    {
        var (identity, locators) = (content.Sums.Header.Identity, content.Options.IncludeLocators);
        json.WriteString("schema", Schema);
        json.WriteString("software", $"Dicom.Migration {Words.Version}");
        json.WriteString("writtenAt", content.WrittenAt);
        json.WriteString("migration", Text(identity.MigrationId));
        json.WriteString("source", Text(Words.Endpoint(identity.Source, locators)));
        json.WriteString("target", Text(Words.Endpoint(identity.Target, locators)));
        json.WriteString("ledgerMadeAt", content.Sums.Header.CreatedAt);
        if (content.Sums.FirstFoundAt is { } first) json.WriteString("firstFoundAt", first);
        if (content.Sums.LastChangeAt is { } last) json.WriteString("lastChangeAt", last);
        json.WriteString("verdict", content.Sums.Verdict.ToString());
    }

    private static void WriteAccount(Utf8JsonWriter json, Reconciliation sums)
    {
        json.WriteStartObject("account");
        json.WriteNumber("discovered", sums.Discovered);
        json.WriteNumber("verified", sums.Count(InstanceState.Verified));
        json.WriteNumber("excluded", sums.Count(InstanceState.Excluded));
        json.WriteNumber("excepted", sums.Count(InstanceState.Excepted));
        json.WriteNumber("superseded", sums.Count(InstanceState.Superseded));
        json.WriteNumber("open", sums.Open);
        json.WriteNumber("bytes", sums.Bytes);
        json.WriteNumber("units", sums.Account.Units);
        json.WriteNumber("unitsPending", sums.Account.UnitsPending);
        json.WriteNumber("instancesNotSeen", sums.Account.InstancesNotSeen);
        json.WriteBoolean("isDiscoveryComplete", sums.Account.IsDiscoveryComplete);
        json.WriteBoolean("agrees", sums.Agrees);
        json.WriteBoolean("isClosed", sums.IsClosed);
        json.WriteEndObject();
    }

    private static void WriteBreakdowns(Utf8JsonWriter json, ReportContent content)
    {
        var (sums, uids) = (content.Sums, content.Options.IncludeUids);
        WriteLines(json, "evidence", sums.ByEvidence, (w, level) => w.WriteString("level", level.ToString()));
        WriteLines(json, "faults", sums.ByFault, WriteCode);
        WriteLines(json, "remarks", sums.Remarks, WriteCode);
        WriteLines(json, "rules", sums.ByRule, (w, rule) => w.WriteString("rule", Text(rule)));
        foreach (var (name, lines) in new[] { ("sopClasses", sums.BySopClass), ("transferSyntaxes", sums.ByTransferSyntax) })
        {
            json.WriteStartArray(name);
            foreach (var line in Words.Show(lines, uids))
            {
                json.WriteStartObject();
                json.WriteString("uid", Text(line.Uid));
                json.WriteString("name", line.Name);
                json.WriteNumber("objects", line.Objects);
                json.WriteNumber("bytes", line.Bytes);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
    }

    private static void WriteExceptions(Utf8JsonWriter json, ReportContent content)
    {
        json.WriteStartArray("exceptions");
        foreach (var instance in content.Exceptions)
        {
            json.WriteStartObject();
            json.WriteNumber("number", instance.Number);
            if (instance.Current.Fault is { } fault)
            {
                json.WriteNumber("code", (int)fault.Code);
                json.WriteString("name", fault.Code.ToString());
                if (fault.Tag is { } tag) json.WriteString("tag", tag.ToString());
                if (fault.Offset is { } offset) json.WriteNumber("byte", offset);
            }
            if (content.Options.IncludeUids) json.WriteString("sopInstanceUid", Text(instance.Identity.SopInstanceUid));
            if (content.Options.IncludeLocators)
            {
                json.WriteString("unit", Text(instance.Identity.UnitKey));
                if (instance.Identity.Place is { } place) json.WriteString("place", Text(place));
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("exceptionsNotListed", content.ExceptionsNotListed);
    }

    private static void WriteAudit(Utf8JsonWriter json, AuditTally? audit)
    {
        if (audit is null) return;
        json.WriteStartObject("audit");
        json.WriteNumber("objects", audit.Objects);
        json.WriteNumber("bytes", audit.Bytes);
        json.WriteNumber("differences", audit.Differences);
        if (audit.Seed is { } seed) json.WriteNumber("seed", seed);
        json.WriteStartObject("classes");
        foreach (var difference in Enum.GetValues<DifferenceClass>()) json.WriteNumber(difference.ToString(), audit.Count(difference));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteCode(Utf8JsonWriter json, FaultCode code)
    {
        var entry = FaultCatalogue.Of(code);
        json.WriteNumber("code", (int)code);
        json.WriteString("name", code.ToString());
        json.WriteString("meaning", entry.Meaning);
        json.WriteString("remedy", entry.Remedy);
    }

    private static void WriteLines<T>(Utf8JsonWriter json, string name, IReadOnlyList<ReconciliationLine<T>> lines, Action<Utf8JsonWriter, T> writeKey)
    {
        json.WriteStartArray(name);
        foreach (var line in lines)
        {
            json.WriteStartObject();
            writeKey(json, line.Key);
            json.WriteNumber("objects", line.Objects);
            json.WriteNumber("bytes", line.Bytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    // A path may be no valid UTF-16, which JSON cannot hold.
    private static string Text(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
