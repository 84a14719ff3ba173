namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>What the manifest of the corpus says about one file.</summary>
internal sealed record CorpusEntry(string Path, string SopClassUid, string Classification, string ReadableBy)
{
    // Read well by everything, and without SOP Class or SOP Instance UID in the data set: nothing to file them under.
    private static readonly string[] LackIdentity = ["JLSL_RGB_ILV1.dcm", "JLSL_RGB_ILV2.dcm", "JLSN_RGB_ILV0.dcm", "dwv__dwv-test-anonymise.dcm", "dwv__sr-arrow.dcm", "dwv__sr-ruler.dcm"];

    public static CorpusEntry Parse(string line)
    {
        var fields = line.Split('\t');
        return new CorpusEntry(fields[0], fields[6], fields[8], fields[9]);
    }

    /// <summary>Whether the objects that a file gave ended as they should.</summary>
    public bool Fits(IReadOnlyList<Outcome> outcomes)
    {
        if (SopClassUid == "1.2.840.10008.1.3.10")
            return outcomes[0] is { State: InstanceState.Excluded, Rule: "media-directory" or "media-directory-incomplete" } or { State: InstanceState.Excepted, Fault: FaultCode.MalformedDicomDir }
                && outcomes.Skip(1).All(static o => o is { State: InstanceState.Excepted, Fault: FaultCode.DicomDirFileMissing });
        if (Classification.StartsWith("gzip", StringComparison.Ordinal)) return outcomes.Count > 0 && outcomes.All(static o => o.State is InstanceState.Verified);
        return outcomes is [var one] && Fits(one);
    }

    private bool Fits(Outcome one)
    {
        var isDicom = Classification.StartsWith("part10", StringComparison.Ordinal) || Classification.StartsWith("meta-without-preamble", StringComparison.Ordinal) || Classification.StartsWith("bare-dataset", StringComparison.Ordinal);
        if (Path.StartsWith("damaged/own__0_bytes", StringComparison.Ordinal)) return one is { State: InstanceState.Excluded, Rule: SourceFinding.EmptyFile };
        // A conversation that carries instances shows it by "DICM" far from where it belongs: no instance, and not passed over in silence.
        if (Classification.StartsWith("HTTP answer", StringComparison.Ordinal) || Classification.StartsWith("request body", StringComparison.Ordinal))
            return one is { State: InstanceState.Excluded, Rule: SourceFinding.NotDicom } or { State: InstanceState.Excepted, Fault: FaultCode.NotDicom };
        if (!isDicom) return one is { State: InstanceState.Excluded, Rule: SourceFinding.NotDicom };
        if (LackIdentity.Any(Path.EndsWith)) return one is { State: InstanceState.Excepted, Fault: FaultCode.MissingIdentity };
        // Two independent readers that read it whole say that it is whole.
        var isWhole = ReadableBy.Contains("dcmtk=ok", StringComparison.Ordinal) && ReadableBy.Contains("gdcm=ok/image=ok", StringComparison.Ordinal) && !Path.StartsWith("damaged/", StringComparison.Ordinal);
        if (one.State is InstanceState.Verified) return one.Fault is FaultCode.None or FaultCode.UidConflict or FaultCode.MalformedUid;
        return !isWhole && one.State is InstanceState.Excepted && one.Fault is >= FaultCode.NotDicom and <= FaultCode.MissingIdentity;
    }
}
