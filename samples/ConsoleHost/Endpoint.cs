using Dicom.Migration;
using Dicom.Migration.Engine;
using Dicom.Migration.FileSystem;
using Microsoft.Extensions.Configuration;

namespace ConsoleHost;

/// <summary>What stands behind <c>--from</c> and <c>--to</c>: a kind and an address.</summary>
/// <param name="Folder">The folder's full path.</param>
internal sealed record Endpoint(string Folder)
{
    private const string FolderKind = "folder:";

    /// <summary>As the ledger keeps it, so that a later command finds it again.</summary>
    public override string ToString() => FolderKind + Folder;

    public void AddAsSource(IMigrationBuilder migration) => migration.FromFolder("source", o => o.Path = Folder);

    public void AddAsTarget(IMigrationBuilder migration) => migration.ToFolder("target", o => o.Path = Folder);

    public void CheckSource()
    {
        if (!Directory.Exists(Folder)) throw new SourceUnavailableException(new Fault(FaultCode.PathNotFound), $"The source folder {Folder} does not exist; check --from.");
    }

    public FolderSource OpenSource() => new("source", new FolderSourceOptions { Path = Folder });

    public FolderTarget OpenTarget() => new("target", new FolderTargetOptions { Path = Folder });

    /// <summary>Whether a path is this folder or lies in it.</summary>
    public bool Contains(string path) => path == Folder || path.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>Reads an endpoint, or its name in a configuration file: <c>{ "endpoints": { "legacy": "folder:/archive" } }</c>.</summary>
    public static Endpoint Parse(string text, string? configuration)
    {
        if (configuration is not null && Read(configuration)[$"endpoints:{text}"] is { } named) text = named;
        return text.StartsWith(FolderKind, StringComparison.Ordinal) && text.Length > FolderKind.Length
            ? new Endpoint(Path.TrimEndingDirectorySeparator(Path.GetFullPath(text[FolderKind.Length..])))
            : throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "An endpoint is not of a known kind, and no name in --config; use folder:PATH.");
    }

    private static IConfigurationRoot Read(string path)
    {
        if (!File.Exists(path)) throw new EngineException(new Fault(FaultCode.PathNotFound), $"The configuration file {path} does not exist; check --config.");
        try
        {
            return new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build();
        }
        catch (InvalidDataException e)
        {
            throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"The configuration file {path} is no JSON.", e);
        }
    }
}
