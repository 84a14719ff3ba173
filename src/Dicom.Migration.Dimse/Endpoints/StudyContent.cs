using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>What an archive says of one study.</summary>
/// <param name="Instances">The instances that it lists.</param>
/// <param name="IsThere">Whether it lists the study at all.</param>
/// <param name="Unlisted">How many more it says there are: by its counts, or by what it lists under no UID that is one.</param>
/// <param name="IsNearline">Whether reading begins with a wait, for a tape.</param>
/// <param name="IsCut">Whether it says that it has cut a list, and no count says how much is missing.</param>
internal sealed record StudyContent(IReadOnlyList<Listed> Instances, bool IsThere, int Unlisted, bool IsNearline, bool IsCut)
{
    /// <summary>Asks for the study, its series, and their instances; each level by its own query, as not every archive lets one be left out.</summary>
    /// <exception cref="MigrationException">The archive cannot be asked.</exception>
    public static async Task<StudyContent> AskAsync(Peer peer, string studyUid, CancellationToken cancellationToken)
    {
        var link = new QueryLink(peer);
        await using var owned = link.ConfigureAwait(false);
        var studies = await link.FindAllAsync(Keys.Identifier("STUDY", (Keys.StudyUid, studyUid), (Keys.StudyInstances, ""), (Keys.Availability, "")), cancellationToken).ConfigureAwait(false);
        var claimed = studies.Sum(static s => Keys.Number(s, Keys.StudyInstances) ?? 0); // two patients may share a study's UID: each has a part of it
        var ofStudy = studies.ConvertAll(static s => Availability(s) ?? "");
        var isNearline = ofStudy.Contains("NEARLINE", StringComparer.Ordinal);
        var instances = new List<Listed>();
        var (counted, isCounted, malformed) = (0, true, 0);
        var (allSeries, isCut) = await ListAsync(link, Keys.SeriesUid, Keys.Identifier("SERIES", (Keys.StudyUid, studyUid), (Keys.SeriesUid, ""), (Keys.SeriesInstances, ""), (Keys.Availability, "")), cancellationToken).ConfigureAwait(false);
        var isSeriesCut = isCut;
        foreach (var series in allSeries)
        {
            if (Keys.Uid(series, Keys.SeriesUid) is not { } seriesUid) continue; // its instances are counted, and so are missed
            var number = Keys.Number(series, Keys.SeriesInstances);
            // Of a study and a series an archive says the least of what is true of their instances.
            var ofSeries = Availability(series) ?? (ofStudy.TrueForAll(IsOffline) ? ofStudy.FirstOrDefault() : null);
            var (images, isImagesCut) = await ListAsync(link, Keys.SopInstanceUid, Keys.Identifier("IMAGE", (Keys.StudyUid, studyUid), (Keys.SeriesUid, seriesUid), (Keys.SopInstanceUid, ""), (Keys.SopClassUid, ""), (Keys.Availability, "")), cancellationToken).ConfigureAwait(false);
            (counted, isCounted, isCut) = (counted + (number ?? 0), isCounted && number is not null, isCut || (isImagesCut && number is null));
            foreach (var image in images)
            {
                var availability = Availability(image) ?? ofSeries ?? "";
                isNearline |= availability is "NEARLINE";
                if (Keys.Uid(image, Keys.SopInstanceUid) is { } uid) instances.Add(new Listed(seriesUid, uid, Keys.Uid(image, Keys.SopClassUid)) { IsOffline = IsOffline(availability) });
                else malformed++; // it cannot be asked for, and is counted
            }
        }

        var all = Math.Max(instances.Count + malformed, Math.Max(claimed, isCounted && !isSeriesCut ? counted : 0));
        return new StudyContent(instances, studies.Count > 0, all - instances.Count, isNearline, isCut && claimed <= instances.Count + malformed);
    }

    private static string? Availability(DataSet match) => match.GetString(Keys.Availability)?.Trim() is { Length: > 0 } value ? value : null;

    private static bool IsOffline(string availability) => availability is "OFFLINE" or "UNAVAILABLE"; // PS3.3 §C.4.23.1.1

    /// <summary>What one query lists. An archive that says that it has cut its list has listed something all the same; one that lists the same again and again has not.</summary>
    private static async Task<(List<DataSet> Matches, bool IsCut)> ListAsync(QueryLink link, DicomTag key, DataSet identifier, CancellationToken cancellationToken)
    {
        var matches = new List<DataSet>();
        try
        {
            await foreach (var match in link.FindAsync(identifier, cancellationToken).ConfigureAwait(false)) matches.Add(match);
            return (matches, false);
        }
        catch (AssociationException e) when (e.Fault.Code is FaultCode.QueryTooLarge && matches.Count > 0 && matches.Count <= 2 * matches.Select(m => Keys.Uid(m, key)).Distinct(StringComparer.Ordinal).Count())
        {
            return (matches, true);
        }
    }
}
