using System.Runtime.InteropServices;
using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Names of the nineties, in Latin-1 and in nothing: such files are instances like all others.</summary>
public sealed partial class NamesThatAreNotUtf8Tests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<byte[]> _made = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        // .NET could not delete them.
        foreach (var path in _made.AsEnumerable().Reverse()) _ = remove(path);
        _folder.Dispose();
    }

    private byte[] Bytes(ReadOnlySpan<byte> path) => [.. System.Text.Encoding.UTF8.GetBytes(_folder.Path + "/"), .. path, 0];

    private void MakeDirectory(ReadOnlySpan<byte> path)
    {
        Assert.Equal(0, mkdir(Bytes(path), 0x1C0));
        _made.Add(Bytes(path));
    }

    private void MakeFile(ReadOnlySpan<byte> path, byte[] content)
    {
        var descriptor = LibC.OpenAt(LibC.WorkingDirectory, Bytes(path), LibC.WriteOnly | LibC.Create | LibC.Exclusive);
        Assert.True(descriptor >= 0);
        Assert.Equal(content.Length, LibC.Instance.Write(descriptor, content));
        Assert.Equal(0, chmod(Bytes(path), 0x180));
        LibC.Instance.Close(descriptor);
        _made.Add(Bytes(path));
    }

    private async Task<List<(string Key, object What)>> ReadAllAsync(SourceCursor? after = null)
    {
        var (source, items) = (new FolderSource("s", new FolderSourceOptions { Path = _folder.Path }), new List<(string, object)>());
        await foreach (var unit in source.DiscoverAsync(after, Token)) await foreach (var item in ReadAsync(unit.Key)) items.Add((unit.Key, item));
        return items;
    }

    // By a source of its own for each unit: the key alone has to be enough.
    private async IAsyncEnumerable<object> ReadAsync(string key)
    {
        await foreach (var item in new FolderSource("s", new FolderSourceOptions { Path = _folder.Path }).ReadAsync(new SourceUnit(key, SourceUnitKind.File), Token))
            await using (item)
            {
                if (item is SourceInstance instance)
                {
                    await Made.ReadAsync(instance.Body);
                    yield return instance.Note?.Code ?? (object)instance.ClaimedSopInstanceUid!;
                }
                else yield return ((SourceFinding)item).Exclusion ?? (object)((SourceFinding)item).Fault!.Value.Code;
            }
    }

    [Fact]
    public async Task Every_file_is_listed_under_a_key_of_its_own_and_read_by_it()
    {
        MakeDirectory([(byte)'M', 0xFC, (byte)'r']);
        MakeFile([(byte)'M', 0xFC, (byte)'r', (byte)'/', 0xE4], Made.File("1.2.1"));
        MakeFile([(byte)'M', 0xFC, (byte)'r', (byte)'/', 0xE5], Made.File("1.2.2"));
        MakeFile([0xC3, 0xA4], Made.File("1.2.3")); // ä in UTF-8
        MakeFile([0xE4], Made.File("1.2.4")); // ä in Latin-1
        MakeFile("%E4"u8, Made.File("1.2.5")); // what the last one's key is
        MakeFile([0xFF, 0xFE, 0x0A], Made.File("1.2.6"));
        MakeFile([.. Enumerable.Repeat((byte)0x80, 255)], Made.File("1.2.7")); // the longest name there is
        var expected = new List<(string, object)>
        {
            ("%25E4", "1.2.5"), (string.Concat(Enumerable.Repeat("%80", 255)), "1.2.7"), ("%E4", "1.2.4"), ("%FF%FE\n", "1.2.6"),
            ("M%FCr/%E4", "1.2.1"), ("M%FCr/%E5", "1.2.2"), ("ä", "1.2.3"),
        };
        Assert.Equal(expected, await ReadAllAsync());
        for (var i = 0; i < expected.Count; i++) Assert.Equal(expected.Skip(i + 1), await ReadAllAsync(new SourceCursor(expected[i].Item1)));
        using var headers = new FolderHeaders(_folder.Path);
        var keys = new List<string>();
        for (; headers.MoveNext(); keys.Add(headers.Path)) Assert.Null(headers.Fault);
        Assert.Equal(expected.Select(static e => e.Item1), keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_dicomdir_names_such_files_too()
    {
        MakeDirectory([0xC4]);
        MakeFile([0xC4, (byte)'/', 0xD6], Made.File("1.2.1"));
        MakeFile([0xC4, (byte)'/', 0xDC], Made.File("1.2.2"));
        MakeFile([0xC3, 0x84], Made.File("1.2.3")); // Ä in UTF-8: a copy that changed the encoding of names
        MakeFile("DICOMDIR"u8, MadeMediaDirectory.Listing("Ä\\Ö", "Ä"));
        Assert.Equal([("%C4/%D6", "1.2.1"), ("%C4/%DC", FaultCode.DicomDirFileUnlisted), ("DICOMDIR", FolderSource.IncompleteMediaDirectory), ("Ä", (object)"1.2.3")], await ReadAllAsync());
    }

    [Theory]
    [InlineData("..%2F%2E%2E%2Fetc%2Fpasswd")]
    [InlineData("%2E%2E/etc")]
    [InlineData("/etc/passwd")]
    [InlineData("//etc")]
    [InlineData("%")]
    public async Task A_key_that_names_no_file_below_the_root_opens_nothing(string key)
    {
        var items = new List<object>();
        await foreach (var item in ReadAsync(key)) items.Add(item);
        Assert.Equal([FaultCode.PathNotFound], items);
    }

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mkdir(byte[] path, int mode);
    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int chmod(byte[] path, int mode);
    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int remove(byte[] path);
}
