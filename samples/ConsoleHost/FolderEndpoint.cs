using Dicom.Migration;
using Dicom.Migration.FileSystem;

namespace ConsoleHost;

/// <summary><c>folder:PATH</c>.</summary>
/// <param name="Folder">The folder's full path.</param>
internal sealed record FolderEndpoint(string Folder) : Endpoint
{
    private const string Kind = "folder:";

    public static FolderEndpoint? TryParse(string text) => text.StartsWith(Kind, StringComparison.Ordinal) && text.Length > Kind.Length
        ? new FolderEndpoint(Path.TrimEndingDirectorySeparator(Path.GetFullPath(text[Kind.Length..]))) : null;

    public override void AddAsSource(IMigrationBuilder migration)
    {
        if (!IsAtHand) throw new SourceUnavailableException(new Fault(FaultCode.PathNotFound), $"The source folder {Folder} does not exist; check --from.");
        migration.FromFolder("source", o => o.Path = Folder);
    }

    public override void AddAsTarget(IMigrationBuilder migration) => migration.ToFolder("target", o => o.Path = Folder);

    public override bool IsAtHand => Directory.Exists(Folder);

    public override bool Contains(string path) => path == Folder || path.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
