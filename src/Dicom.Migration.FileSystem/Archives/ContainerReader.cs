using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Dicom.Migration.FileSystem.Archives;

/// <summary>Walks ZIP, TAR and GZ files, known by their content, entry by entry and nothing unpacked to disk.</summary>
internal static class ContainerReader
{
    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith("PK\u0005\u0006"u8);
    public static bool IsGzip(ReadOnlySpan<byte> start) => start is [0x1F, 0x8B, 8, ..];
    public static bool IsTar(ReadOnlySpan<byte> start) => start.Length >= 512 && start[257..].StartsWith("ustar"u8);

    /// <summary>One thing in a container: content, or a fault in its stead.</summary>
    internal readonly record struct Entry(string Place, Stream? Content, Fault? Fault);

    /// <param name="container">Seekable, and at its start. Stays the caller's.</param>
    /// <param name="limits">How much may come out.</param>
    /// <param name="bytes">Size of the container in bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Each entry is read before the next is asked for. A fault of the container as a whole is the last entry.</returns>
    public static IAsyncEnumerable<Entry> ReadAsync(Stream container, ContainerLimits limits, long bytes, CancellationToken cancellationToken)
    {
        var budget = new MeteredStream.Budget(limits.Allowed(bytes));
        var start = new byte[512];
        var magic = start.AsSpan(0, container.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        container.Position = 0;
        if (IsZip(magic)) return ReadZipAsync(container, limits, budget, cancellationToken);
        if (IsTar(magic)) return ReadTarAsync(new MeteredStream(container, budget), limits, cancellationToken);
        return ReadGzipAsync(container, limits, bytes, cancellationToken);
    }

    private static async IAsyncEnumerable<Entry> ReadZipAsync(Stream container, ContainerLimits limits, MeteredStream.Budget budget, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ZipArchive? zip = null;
        Fault? fault = null;
        var count = 0;
        try
        {
            zip = new ZipArchive(container, ZipArchiveMode.Read, leaveOpen: true);
            count = zip.Entries.Count;
        }
        catch (Exception e) when (MeteredStream.IsDamage(e)) { fault = new Fault(FaultCode.MalformedContainer); }
        using var _ = zip;
        for (var i = 0; i < count && fault is null; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (i >= limits.MaxEntries) { fault = new Fault(FaultCode.ContainerLimit); break; }
            var entry = zip!.Entries[i];
            var place = Place(i, entry.FullName);
            if (entry.FullName.EndsWith('/') && entry.Length == 0) continue;
            MeteredStream? content = null;
            Fault? damage = null;
            try
            {
                // Read once for its checksum: a damaged entry is then a finding of its own, and neither breaks off its neighbours nor has them all read again.
                using (var check = new MeteredStream(await entry.OpenAsync(cancellationToken).ConfigureAwait(false), budget, entry.Length, entry.Crc32))
                    await check.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
                content = new MeteredStream(await entry.OpenAsync(cancellationToken).ConfigureAwait(false), new MeteredStream.Budget(long.MaxValue), entry.Length, entry.Crc32);
            }
            catch (MigrationException e) { damage = e.Fault; }
            catch (Exception e) when (MeteredStream.IsDamage(e)) { damage = new Fault(FaultCode.MalformedContainer); }
            yield return new Entry(place, content, damage);
        }
        if (fault is not null) yield return new Entry("", null, fault);
    }

    private static async IAsyncEnumerable<Entry> ReadTarAsync(Stream stream, ContainerLimits limits, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var tar = new TarReader(stream, leaveOpen: true);
        Fault? fault = null;
        for (var i = 0; fault is null; i++)
        {
            if (i >= limits.MaxEntries) { fault = new Fault(FaultCode.ContainerLimit); break; }
            TarEntry? entry = null;
            try { entry = await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false); }
            catch (MigrationException e) { fault = e.Fault; }
            catch (Exception e) when (MeteredStream.IsDamage(e)) { fault = new Fault(FaultCode.MalformedContainer); }
            if (fault is not null || entry is null) break;
            if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes) continue;
            var place = Place(i, entry.Name);
            yield return entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile
                ? new Entry(place, new MeteredStream(entry.DataStream ?? Stream.Null, new MeteredStream.Budget(long.MaxValue), entry.Length), null)
                : new Entry(place, null, new Fault(FaultCode.NotARegularFile));
        }
        if (fault is not null) yield return new Entry("", null, fault);
    }

    private static async IAsyncEnumerable<Entry> ReadGzipAsync(Stream container, ContainerLimits limits, long bytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Fault? fault = null;
        // A GZ file's checksum stands at its end: read once for it, or a damaged entry of a TAR in it would be out before it is known.
        try
        {
            // RFC 1952 §2.3.1: CRC-32 in the last 8 bytes. Compared here, as GZipStream takes a file that is cut off for one that ends.
            var trailer = new byte[8];
            container.Position = Math.Max(0, bytes - trailer.Length);
            await container.ReadAtLeastAsync(trailer, trailer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            container.Position = 0;
            using var check = new MeteredStream(new GZipStream(container, CompressionMode.Decompress, leaveOpen: true), new MeteredStream.Budget(limits.Allowed(bytes)),
                crc32: System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(trailer));
            await check.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
        }
        catch (MigrationException e) { fault = e.Fault; }
        if (fault is not null)
        {
            yield return new Entry("", null, fault);
            yield break;
        }
        container.Position = 0;
        using var unpacked = new MeteredStream(new GZipStream(container, CompressionMode.Decompress, leaveOpen: true), new MeteredStream.Budget(limits.Allowed(bytes)));
        var start = new byte[512];
        var length = 0;
        try { length = await unpacked.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false); }
        catch (MigrationException e) { fault = e.Fault; }
        if (fault is not null)
        {
            yield return new Entry("", null, fault);
            yield break;
        }
        var whole = new PrefixedStream(start.AsMemory(0, length), unpacked);
        if (!IsTar(start.AsSpan(0, length)))
        {
            yield return new Entry("unpacked", whole, null);
            yield break;
        }
        await foreach (var entry in ReadTarAsync(whole, limits, cancellationToken).ConfigureAwait(false)) yield return entry;
    }

    // The number makes it unique: names in a container may repeat.
    private static string Place(int number, string name) => string.Create(CultureInfo.InvariantCulture, $"{number}:{name}");
}
