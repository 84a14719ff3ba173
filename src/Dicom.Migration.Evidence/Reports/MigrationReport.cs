using System.Text;

namespace Dicom.Migration.Evidence;

/// <summary>Writes what a ledger proves, as HTML for people, CSV for lists and JSON for programs.</summary>
public static class MigrationReport
{
    /// <summary>Reads a ledger once, and writes <c>report.html</c>, <c>objects.csv</c> and <c>report.json</c>; each is there whole or not at all, and the HTML last.</summary>
    /// <param name="ledger">The ledger; a run may go on meanwhile, and the report says so if it did.</param>
    /// <param name="folder">Where to; made if it is not there.</param>
    /// <param name="options">What may be shown.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up; what was there before stays.</param>
    /// <exception cref="EvidenceException">The folder cannot be written, or an option is out of its range.</exception>
    public static async Task<ReportFiles> WriteAsync(ILedgerReader ledger, string folder, ReportOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        if (options.MaxExceptionsListed is < 0 or > 100_000)
            throw new EvidenceException(new Fault(FaultCode.InvalidConfiguration), "A report lists 0 to 100,000 exceptions one by one; the CSV has all of them.");
        try
        {
            Directory.CreateDirectory(folder);
            var (content, csv) = await WriteObjectsAsync(ledger, folder, options, time, cancellationToken).ConfigureAwait(false);
            var json = await WriteAsync(folder, "report.json", stream => JsonReport.WriteAsync(stream, content, cancellationToken), cancellationToken).ConfigureAwait(false);
            var html = await WriteAsync(folder, "report.html", stream => HtmlReport.WriteAsync(stream, content, cancellationToken), cancellationToken).ConfigureAwait(false);
            return new ReportFiles(html, csv, json, content.Sums);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EvidenceException(new Fault(FaultCode.AccessDenied), "The report folder may not be written; name another one.", e);
        }
        catch (IOException e)
        {
            throw new EvidenceException(new Fault(FaultCode.WriteFailed), "The report cannot be written; look at the folder and the space on its volume.", e);
        }
    }

    private static async Task<(ReportContent Content, string Csv)> WriteObjectsAsync(
        ILedgerReader ledger, string folder, ReportOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var (sums, exceptions) = (new ReconciliationBuilder(), new List<LedgerInstance>());
        var path = await WriteAsync(folder, "objects.csv", async stream =>
        {
            var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
            await using (writer.ConfigureAwait(false))
            {
                var csv = new CsvReport(writer, options);
                await csv.WriteHeaderAsync().ConfigureAwait(false);
                await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery(), cancellationToken).ConfigureAwait(false))
                {
                    await csv.WriteAsync(instance).ConfigureAwait(false);
                    sums.Add(instance);
                    if (instance.Current.State == InstanceState.Excepted && exceptions.Count < options.MaxExceptionsListed) exceptions.Add(instance);
                }
            }
        }, cancellationToken).ConfigureAwait(false);
        return (new ReportContent(await sums.FinishAsync(ledger, cancellationToken).ConfigureAwait(false), exceptions, time.GetUtcNow(), options), path);
    }

    private static async Task<string> WriteAsync(string folder, string name, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        var file = new AtomicFile(folder, name);
        await using (file.ConfigureAwait(false))
        {
            await write(file.Stream).ConfigureAwait(false);
            return await file.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
