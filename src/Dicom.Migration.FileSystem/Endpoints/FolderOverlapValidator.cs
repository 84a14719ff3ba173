using Microsoft.Extensions.Options;

namespace Dicom.Migration.FileSystem;

/// <summary>Refuses a target inside a source: a run would find its own output there and never come to an end.</summary>
internal sealed class FolderOverlapValidator(IEnumerable<FolderOverlapValidator.SourceName> sources, IOptionsMonitor<FolderSourceOptions> options) : IValidateOptions<FolderTargetOptions>
{
    public ValidateOptionsResult Validate(string? name, FolderTargetOptions target)
    {
        if (target.Path.Length == 0) return ValidateOptionsResult.Skip;
        var path = Resolve(target.Path);
        foreach (var source in sources)
            if (options.Get(source.Name).Path is { Length: > 0 } root && IsWithin(path, Resolve(root)))
                return ValidateOptionsResult.Fail($"{nameof(FolderTargetOptions.Path)} of the target '{name}' lies inside the folder of the source '{source.Name}', and would be migrated itself: choose a folder outside.");
        return ValidateOptionsResult.Success;
    }

    private static bool IsWithin(string path, string root) =>
        string.Equals(path, root, StringComparison.Ordinal) || path.StartsWith(root.EndsWith('/') ? root : root + "/", StringComparison.Ordinal);

    /// <summary>The path without links, as far as it exists.</summary>
    private static string Resolve(string path)
    {
        var resolved = "/";
        foreach (var name in Path.GetFullPath(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            resolved = Path.Combine(resolved, name);
            try { resolved = new DirectoryInfo(resolved).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? resolved; }
            catch (IOException) { } // is not there yet, or cannot be followed: taken as it is called
            catch (UnauthorizedAccessException) { }
        }
        return resolved;
    }

    /// <summary>The name of a folder source in this host.</summary>
    internal sealed record SourceName(string Name);
}
