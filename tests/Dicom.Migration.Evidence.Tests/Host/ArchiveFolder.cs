using System.Globalization;

namespace Dicom.Migration.Evidence.Tests.Host;

/// <summary>A small archive, its target and its ledger. Every data set and file name holds a canary that nothing printed may hold.</summary>
internal sealed class ArchiveFolder : IDisposable
{
    public const string Canary = "CANARY";
    public string Root { get; } = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    public string Source => Path.Join(Root, "source");
    public string Target => Path.Join(Root, "target");
    public string Ledger => Path.Join(Root, "ledger.db");
    public string Report => Path.Join(Root, "report");

    public ArchiveFolder(int objects = 5)
    {
        Directory.CreateDirectory(Source);
        for (var i = 0; i < objects; i++) Add(Uid(i), Made.Join(Made.Image(Uid(i), Canary + "^NAME", Made.Text(0x00091001, "LO", Canary))));
    }

    public static string Uid(int i) => string.Create(CultureInfo.InvariantCulture, $"2.25.5000{i}");

    public string Add(string uid, byte[] dataSet)
    {
        var path = Path.Join(Source, $"{Canary}-{uid}.dcm");
        File.WriteAllBytes(path, Made.File(dataSet, uid));
        return path;
    }

    public Task<HostResult> RunAsync(params string[] more) => HostProcess.RunAsync(["run", "--from", "folder:" + Source, "--to", "folder:" + Target, "--ledger", Ledger, .. more]);

    public string TargetFile(int i) => Path.Join(Target, Made.Study, Made.Series, Uid(i) + ".dcm");

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
