using Dicom.Migration.DicomWeb;
using Dicom.Migration.Dimse;
using Dicom.Migration.FileSystem;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>The ends of hops, on loopback and with short waits.</summary>
internal static class Endpoints
{
    /// <summary>AE titles of this side as source and as target: each has a listener of its own.</summary>
    public const string Reading = "READING", ReadingBack = "READINGBACK";

    /// <summary>The corpus of the repository, or the folder with a larger one that DICOM_MIGRATION_PEERS names.</summary>
    public static string CorpusFolder { get; } = Environment.GetEnvironmentVariable("DICOM_MIGRATION_PEERS") is { Length: > 0 } folder ? folder : Path.Join(FindRoot(), "tests", "Corpus");

    public static void Corpus(IMigrationBuilder migration, string name) => migration.FromFolder(name, static o => o.Path = CorpusFolder);

    public static Action<IMigrationBuilder, string> ToFolder(string path) => (migration, name) => migration.ToFolder(name, o => o.Path = path);

    public static Action<IMigrationBuilder, string> From(string title, int port, DimseRetrieval retrieval, int listen = 0, Action<DimseSourceOptions>? configure = null) => (migration, name) => migration.FromDimse(name, o =>
    {
        Set(o, title, port, Reading, retrieval, listen);
        configure?.Invoke(o);
    });

    public static Action<IMigrationBuilder, string> To(string title, int port, DimseRetrieval retrieval, Action<DimseTargetOptions>? configure = null) => (migration, name) => migration.ToDimse(name, o =>
    {
        Set(o, title, port, ReadingBack, retrieval, listen: 0);
        o.VisibilityTimeout = TimeSpan.FromSeconds(1);
        configure?.Invoke(o);
    });

    public static Action<IMigrationBuilder, string> FromFolder(string path) => (migration, name) => migration.FromFolder(name, o => o.Path = path);

    public static Action<IMigrationBuilder, string> FromWeb(Uri root, Action<DicomWebEndpointOptions>? configure = null) => (migration, name) => migration.FromDicomWeb(name, o =>
    {
        o.BaseAddress = root;
        configure?.Invoke(o);
    });

    public static Action<IMigrationBuilder, string> ToWeb(Uri root, Action<DicomWebEndpointOptions>? configure = null) => (migration, name) => migration.ToDicomWeb(name, o =>
    {
        o.BaseAddress = root;
        configure?.Invoke(o);
    });

    private static void Set(DimsePeerOptions options, string title, int port, string me, DimseRetrieval retrieval, int listen)
    {
        (options.Host, options.Port, options.CalledAeTitle, options.CallingAeTitle, options.Security) = ("127.0.0.1", port, title, me, DimseSecurity.Plaintext);
        (options.Retrieval, options.ListenAddress, options.ListenPort, options.SettleTimeout) = (retrieval, "127.0.0.1", listen, TimeSpan.FromMilliseconds(200));
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln"))) return folder.FullName;
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
