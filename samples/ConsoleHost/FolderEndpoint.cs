using Dicom.Migration;
using Dicom.Migration.FileSystem;

namespace ConsoleHost;

/// <summary><c>folder:PATH</c>, or <c>folder:PATH?layout=file-set</c> for a target with a DICOMDIR.</summary>
/// <param name="Folder">The folder's full path.</param>
/// <param name="Layout">How a target names its files.</param>
internal sealed record FolderEndpoint(string Folder, FolderLayout Layout = FolderLayout.ByUid) : Endpoint
{
    private const string Kind = "folder:", FileSet = "?layout=file-set";

    public static FolderEndpoint? TryParse(string text)
    {
        if (!text.StartsWith(Kind, StringComparison.Ordinal) || text.Length == Kind.Length) return null;
        var isFileSet = text.EndsWith(FileSet, StringComparison.Ordinal);
        var path = text[Kind.Length..^(isFileSet ? FileSet.Length : 0)];
        return new FolderEndpoint(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), isFileSet ? FolderLayout.FileSet : FolderLayout.ByUid);
    }

    public override void AddAsSource(IMigrationBuilder migration)
    {
        if (!IsAtHand) throw new SourceUnavailableException(new Fault(FaultCode.PathNotFound), $"The source folder {Folder} does not exist; check --from.");
        migration.FromFolder("source", o => o.Path = Folder);
    }

    public override void AddAsTarget(IMigrationBuilder migration) => migration.ToFolder("target", o => (o.Path, o.Layout) = (Folder, Layout));

    public override bool IsAtHand => Directory.Exists(Folder);

    public override bool Contains(string path) => path == Folder || path.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
