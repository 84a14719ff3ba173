using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.Testing;

namespace Comparisons;

/// <summary>A study on disk: its objects as files, and all of them as one ready-made multipart body.</summary>
internal sealed record WebStudy(string Folder, string Uid, IReadOnlyList<string> Uids, long Length)
{
    public const string Boundary = "ready-made-5d1c7a3be2f64b0f";
    public static readonly byte[] PartHead = Encoding.ASCII.GetBytes($"\r\n--{Boundary}\r\nContent-Type: application/dicom\r\n\r\n");
    public static readonly byte[] Tail = Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");

    /// <summary>The ready-made body.</summary>
    public string Body => Path.Join(Folder, "body");
    /// <summary>The objects, in the order of <see cref="Uids"/>.</summary>
    public string[] Files => [.. Directory.GetFiles(Folder, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    /// <summary>Writes a study of so many objects of about so many bytes.</summary>
    public static async Task<WebStudy> WriteAsync(string folder, int files, int bytes, int seed, CancellationToken cancellationToken)
    {
        await Archive.WriteAsync(folder, files, bytes, cancellationToken, seed);
        var study = await OpenAsync(folder, cancellationToken);
        await using (var body = File.Create(study.Body))
        {
            foreach (var path in study.Files)
            {
                await body.WriteAsync(PartHead, cancellationToken);
                await body.WriteAsync(await File.ReadAllBytesAsync(path, cancellationToken), cancellationToken);
            }
            await body.WriteAsync(Tail, cancellationToken);
        }
        return study with { Length = new FileInfo(study.Body).Length };
    }

    /// <summary>Writes a study of one object of so many GiB.</summary>
    public static async Task<WebStudy> WriteLargeAsync(string folder, int gib, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await Archive.WriteLargeAsync(Path.Join(folder, "large.dcm"), gib, cancellationToken);
        return await OpenAsync(folder, cancellationToken);
    }

    /// <summary>A study that was written before.</summary>
    public static async Task<WebStudy> OpenAsync(string folder, CancellationToken cancellationToken)
    {
        var study = new WebStudy(folder, "", [], 0);
        var (uid, uids) = ("", new List<string>());
        foreach (var path in study.Files)
        {
            await using var file = File.OpenRead(path);
            var start = new byte[4_096];
            var prefix = Part10Prefix.Read(start.AsSpan(0, await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken)), isFinal: true)!;
            uids.Add(Value(start, [0x02, 0, 0x03, 0, (byte)'U', (byte)'I']));
            uid = Value(start.AsSpan(prefix.Length), [0x20, 0, 0x0D, 0]);
        }
        return study with { Uid = uid, Uids = uids, Length = study.Files.Sum(static p => new FileInfo(p).Length) };

        // Made-up objects are Explicit VR Little Endian up to here: tag, VR and a length of 2 bytes.
        static string Value(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
        {
            var rest = bytes[bytes.IndexOf(start)..];
            return Encoding.ASCII.GetString(rest.Slice(8, rest[6])).TrimEnd('\0');
        }
    }

    /// <summary>What a process says of what it did.</summary>
    public static string Report(int objects, byte[] digests, TimeSpan wall, TimeSpan cpu, long allocated, long growth) => string.Create(CultureInfo.InvariantCulture,
        $"{objects} objects, {allocated / objects} bytes allocated for an object, {growth >> 20} MiB of growth, {wall.TotalSeconds:F4} s, {cpu.TotalSeconds:F4} s of CPU, digest {Convert.ToHexStringLower(digests)}");

    /// <summary>Holds what a retrieving process says against the files: each object has to have come whole.</summary>
    public void Check(string report)
    {
        var all = new byte[SHA256.HashSizeInBytes];
        foreach (var path in Files) Add(all, SHA256.HashData(File.ReadAllBytes(path)));
        if (!report.Contains(Convert.ToHexStringLower(all), StringComparison.Ordinal)) throw new InvalidDataException("What was retrieved is not what was there.");
    }

    /// <summary>What the requests alone took, by a report.</summary>
    public static Cost Transfer(string report) => new(Number(report, 3), Number(report, 4), report);

    /// <summary>Bytes allocated for an object, by a report.</summary>
    public static string Allocated(string report) => report.Split(", ")[1].Split(' ')[0];

    /// <summary>What curl's requests alone took: one number for each, in seconds.</summary>
    public static double Seconds(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(static line => double.Parse(line, CultureInfo.InvariantCulture));

    private static double Number(string report, int part) => double.Parse(report.Split(", ")[part].Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>Digests of all objects as one, in any order.</summary>
    public static void Add(Span<byte> all, ReadOnlySpan<byte> one)
    {
        for (var i = 0; i < one.Length; i++) all[i] = unchecked((byte)(all[i] + one[i]));
    }
}
