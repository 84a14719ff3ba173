using System.Security.Cryptography;
using System.Text;

namespace Dicom.Migration.Testing;

/// <summary>A made-up legacy archive: the tree that an old PACS leaves behind, with all that one finds in them.</summary>
public static class MadeUpArchive
{
    /// <summary>Writes the archive. The same seed and options give the same files.</summary>
    /// <param name="folder">Where to; made if it is not there. No file in it is overwritten.</param>
    /// <param name="seed">Decides everything.</param>
    /// <param name="options">How large; the defaults of <see cref="MadeUpArchiveOptions"/> if <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the writing after the current file; what was written stays.</param>
    /// <returns>What was written, files in containers too.</returns>
    /// <exception cref="IOException">A file is already there, or cannot be written.</exception>
    public static async Task<IReadOnlyList<MadeUpFile>> WriteAsync(string folder, long seed, MadeUpArchiveOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new();
        ThrowIfInvalid(options);
        var builder = new Builder(seed, options);
        builder.Build();
        foreach (var (path, bytes) in builder.Contents)
        {
            var full = Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var stream = new FileStream(full, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
            await using (stream.ConfigureAwait(false)) await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        return builder.Files;
    }

    private static void ThrowIfInvalid(MadeUpArchiveOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Instances, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.InContainers, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Duplicates, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Duplicates, options.Instances, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Conflicts, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Conflicts, options.Instances, nameof(options));
    }

    private sealed class Builder(long seed, MadeUpArchiveOptions options)
    {
        private static readonly string[] Extensions = [".dcm", "", ".DCM", ".ima"];

        public List<MadeUpFile> Files { get; } = [];
        public List<(string Path, byte[] Bytes)> Contents { get; } = [];

        public void Build()
        {
            // Those in containers follow those in the tree: no UID is in both.
            var all = MadeUpInstances.Create(seed, options.Instances + (2 * options.InContainers) + (options.InContainers > 0 ? 1 : 0));
            for (var i = 0; i < options.Instances; i++) Add(PathOf(all[i], i), MadeUpFileKind.Instance, all[i].Bytes.ToArray(), instance: all[i]);
            var random = new SplitMix((ulong)seed ^ 0xA5C417);
            Repeat(random);
            Contradict(random);
            if (options.HasDamaged) Damage();
            if (options.HasNotDicom) AddOthers();
            if (options.InContainers > 0) Contain(all);
        }

        /// <summary>Year, study, series; the names that one finds: with and without extension, in capital letters, a number alone.</summary>
        private static string PathOf(MadeUpInstance instance, int index)
        {
            var recipe = instance.Recipe;
            return $"archive/{2001 + (recipe.Study % 24)}/ST{recipe.Study:D5}/{MadeUpSopClasses.Of(recipe.Kind).Modality}{recipe.Series:D2}/{(index % 4 == 1 ? "" : "I")}{index:D6}{Extensions[index % 4]}";
        }

        private void Repeat(SplitMix random)
        {
            foreach (var of in Choose(random, options.Duplicates))
                Add($"archive/restored/{Files.Count:D6}.dcm", MadeUpFileKind.Duplicate, of.Instance!.Bytes.ToArray(), instance: of.Instance, of: of.Path);
        }

        /// <summary>The recipe of another, with the same index and so the same UIDs, and a private block or none: the content differs.</summary>
        private void Contradict(SplitMix random)
        {
            foreach (var of in Choose(random, options.Conflicts))
            {
                var recipe = of.Instance!.Recipe;
                var index = Files.FindIndex(file => ReferenceEquals(file, of));
                var other = MadeUpInstances.Create(seed, recipe with { HasPrivateBlock = !recipe.HasPrivateBlock }, index);
                Add($"archive/corrected/{Files.Count:D6}.dcm", MadeUpFileKind.Conflict, other.Bytes.ToArray(), instance: other, of: of.Path);
            }
        }

        private List<MadeUpFile> Choose(SplitMix random, int count)
        {
            var from = Files.Where(file => file.Kind == MadeUpFileKind.Instance).ToList();
            List<MadeUpFile> chosen = [];
            while (chosen.Count < count)
            {
                var at = random.Below(from.Count);
                chosen.Add(from[at]);
                from.RemoveAt(at);
            }
            return chosen;
        }

        /// <summary>Of another seed, so that no UID is that of a well-formed one.</summary>
        private void Damage()
        {
            foreach (var instance in MadeUpInstances.CreateDamaged(~seed))
                Add($"archive/lost+found/{instance.Defect}/{instance.Name}.dcm", MadeUpFileKind.Damaged, instance.Bytes.ToArray(), instance.ExpectedFault, instance);
        }

        private void AddOthers()
        {
            Add("README.TXT", MadeUpFileKind.NotDicom, Encoding.ASCII.GetBytes("Export of a made-up archive.\r\n"), FaultCode.NotDicom);
            Add("archive/index.csv", MadeUpFileKind.NotDicom, Encoding.ASCII.GetBytes("study;path\r\n1;archive\r\n"), FaultCode.NotDicom);
            Add("archive/reports/report.pdf", MadeUpFileKind.NotDicom, MadeUpPdf.Bytes, FaultCode.NotDicom);
            // JFIF header and end of image: a JPEG by its first bytes, as a viewer's thumbnails are.
            Add("archive/thumbnails/0001.jpg", MadeUpFileKind.NotDicom, [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, .. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xFF, 0xD9], FaultCode.NotDicom);
            Add("archive/thumbnails/Thumbs.db", MadeUpFileKind.NotDicom, new SplitMix((ulong)seed).Bytes(700), FaultCode.NotDicom);
        }

        private void Contain(IReadOnlyList<MadeUpInstance> all)
        {
            var (zip, tar) = (Take(all, options.Instances, "DICOM/"), Take(all, options.Instances + options.InContainers, "cd/"));
            AddContainer("archive/offline/study.zip", MadeUpContainers.Zip([.. zip.Select(entry => (entry.Name, entry.Instance.Bytes.ToArray()))]), zip);
            AddContainer("archive/offline/volume01.tar", MadeUpContainers.Tar([.. tar.Select(entry => (entry.Name, entry.Instance.Bytes.ToArray()))]), tar);
            var single = all[^1];
            AddContainer("archive/offline/image.dcm.gz", MadeUpContainers.Gzip(single.Bytes.ToArray()), [("image.dcm", single)]);
        }

        private List<(string Name, MadeUpInstance Instance)> Take(IReadOnlyList<MadeUpInstance> all, int from, string folder) =>
            [.. all.Skip(from).Take(options.InContainers).Select((instance, i) => ($"{folder}I{i:D6}", instance))];

        private void AddContainer(string path, byte[] bytes, List<(string Name, MadeUpInstance Instance)> entries)
        {
            Add(path, MadeUpFileKind.Container, bytes);
            foreach (var (name, instance) in entries)
                Files.Add(new MadeUpFile(name, MadeUpFileKind.Instance, instance.Bytes.Length, Convert.ToHexString(SHA256.HashData(instance.Bytes.Span))) { Container = path, Instance = instance });
        }

        private void Add(string path, MadeUpFileKind kind, byte[] bytes, FaultCode? fault = null, MadeUpInstance? instance = null, string? of = null)
        {
            Contents.Add((path, bytes));
            Files.Add(new MadeUpFile(path, kind, bytes.Length, Convert.ToHexString(SHA256.HashData(bytes))) { Instance = instance, ExpectedFault = fault, Of = of });
        }
    }
}
