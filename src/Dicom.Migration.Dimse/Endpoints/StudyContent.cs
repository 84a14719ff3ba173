namespace Dicom.Migration.Dimse;

/// <summary>What an archive says of one study.</summary>
/// <param name="Instances">The instances that it lists.</param>
/// <param name="IsThere">Whether it lists the study at all.</param>
/// <param name="Claimed">How many it says there are: Number of Study Related Instances; 0 if it does not say.</param>
/// <param name="IsOffline">Whether it says that none can be read without someone fetching a medium (PS3.3 §C.4.23.1.1).</param>
/// <param name="IsNearline">Whether reading begins with a wait, for a tape.</param>
internal sealed record StudyContent(IReadOnlyList<Listed> Instances, bool IsThere, int Claimed, bool IsOffline, bool IsNearline)
{
    /// <summary>Asks for the study, its series, and their instances; each level by its own query, as not every archive lets one be left out.</summary>
    /// <exception cref="MigrationException">The archive cannot be asked.</exception>
    public static async Task<StudyContent> AskAsync(Peer peer, string studyUid, CancellationToken cancellationToken)
    {
        var link = new QueryLink(peer);
        await using var owned = link.ConfigureAwait(false);
        var studies = await link.FindAllAsync(Keys.Identifier("STUDY", (Keys.StudyUid, studyUid), (Keys.StudyInstances, ""), (Keys.Availability, "")), cancellationToken).ConfigureAwait(false);
        var claimed = studies.Sum(static s => Keys.Number(s, Keys.StudyInstances) ?? 0); // two patients may share a study's UID: each has a part of it
        var availability = studies.ConvertAll(static s => s.GetString(Keys.Availability)?.Trim() ?? "");
        var isOffline = availability.Exists(static a => a is "OFFLINE" or "UNAVAILABLE");
        var instances = new List<Listed>();
        var (counted, isCounted) = (0, true);
        foreach (var series in await link.FindAllAsync(Keys.Identifier("SERIES", (Keys.StudyUid, studyUid), (Keys.SeriesUid, ""), (Keys.SeriesInstances, "")), cancellationToken).ConfigureAwait(false))
        {
            if (Keys.Uid(series, Keys.SeriesUid) is not { } seriesUid) continue; // its instances are counted, and so are missed
            var number = Keys.Number(series, Keys.SeriesInstances);
            (counted, isCounted) = (counted + (number ?? 0), isCounted && number is not null);
            foreach (var image in await link.FindAllAsync(Keys.Identifier("IMAGE", (Keys.StudyUid, studyUid), (Keys.SeriesUid, seriesUid), (Keys.SopInstanceUid, ""), (Keys.SopClassUid, "")), cancellationToken).ConfigureAwait(false))
                if (Keys.Uid(image, Keys.SopInstanceUid) is { } uid) instances.Add(new Listed(seriesUid, uid, Keys.Uid(image, Keys.SopClassUid)));
        }

        return new StudyContent(instances, studies.Count > 0, Math.Max(claimed, isCounted ? counted : 0), isOffline, availability.Contains("NEARLINE", StringComparer.Ordinal));
    }
}
