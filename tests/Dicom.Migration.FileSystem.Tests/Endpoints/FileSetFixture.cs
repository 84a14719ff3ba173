using System.Buffers;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Media;
using Dicom.Migration.Testing;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>A File-set in a temporary folder, and what is stored into it.</summary>
internal sealed class FileSetFixture : IDisposable
{
    public TemporaryFolder Folder { get; } = new();
    public string DicomDir => Folder["DICOMDIR"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Folder.Dispose();

    public FolderTarget Target(bool? isWritten = null, ILibC? libC = null) =>
        new("t", new FolderTargetOptions { Path = Folder.Path, Layout = FolderLayout.FileSet, WriteDicomDir = isWritten }, libC ?? LibC.Instance);

    /// <summary>Stores over two lanes and closes them.</summary>
    public async Task<DicomDirSummary?> StoreAsync(IEnumerable<OutgoingInstance> instances, bool? isWritten = null)
    {
        using var target = Target(isWritten);
        await using (var lane = await target.OpenSessionAsync(Token))
        await using (var other = await target.OpenSessionAsync(Token))
        {
            var receipts = new List<StoreReceipt>();
            foreach (var (i, instance) in instances.Index()) receipts.Add(await (i % 2 == 0 ? lane : other).StoreAsync(instance, Token));
            await lane.FlushAsync(Token);
            await other.FlushAsync(Token);
            foreach (var receipt in receipts) Assert.True((await receipt.Acknowledged).IsStored);
        }
        return target.LastDicomDir;
    }

    public static OutgoingInstance Outgoing(MadeUpInstance made) => new()
    {
        StudyInstanceUid = made.StudyInstanceUid,
        SeriesInstanceUid = made.SeriesInstanceUid,
        SopClassUid = made.SopClassUid,
        SopInstanceUid = made.SopInstanceUid,
        TransferSyntax = made.TransferSyntax,
        Body = PipeReader.Create(new ReadOnlySequence<byte>(made.Bytes[made.DataSetOffset..])),
        Envelope = made.Bytes[..made.DataSetOffset].ToArray(),
    };

    /// <summary>Every instance of a corpus that can be read, as the source hands it on.</summary>
    public static async IAsyncEnumerable<OutgoingInstance> CorpusAsync(string corpus)
    {
        var source = new FolderSource("s", new FolderSourceOptions { Path = corpus });
        await foreach (var unit in source.DiscoverAsync(null, Token))
            await foreach (var item in source.ReadAsync(unit, Token))
                await using (item)
                {
                    if (item is not SourceInstance { Place: "" } instance) continue;
                    var bytes = File.ReadAllBytes(Path.Join(corpus, unit.Key));
                    DataSet dataSet;
                    try { dataSet = DataSet.ReadFile(bytes); }
                    catch (DicomFormatException) { continue; } // the damaged part of the corpus
                    string Uid(uint tag) => dataSet.GetString(new DicomTag(tag))?.Trim('\0', ' ') ?? "";
                    yield return new OutgoingInstance
                    {
                        StudyInstanceUid = Uid(0x0020000D),
                        SeriesInstanceUid = Uid(0x0020000E),
                        SopClassUid = Uid(0x00080016),
                        SopInstanceUid = Uid(0x00080018),
                        TransferSyntax = instance.TransferSyntax!,
                        Body = PipeReader.Create(new ReadOnlySequence<byte>(bytes.AsMemory(instance.Envelope.Length))),
                        Envelope = instance.Envelope,
                    };
                }
    }

    /// <summary>What our source makes of it: notes, rules, faults; "named" for an instance that the DICOMDIR names.</summary>
    public async Task<List<object>> ReadAllAsync()
    {
        var (source, items) = (new FolderSource("s", new FolderSourceOptions { Path = Folder.Path }), new List<object>());
        await foreach (var unit in source.DiscoverAsync(null, Token))
            await foreach (var item in source.ReadAsync(unit, Token))
                await using (item)
                    items.Add(item is SourceInstance i ? i.Note?.Code ?? (object)"named" : ((SourceFinding)item).Exclusion ?? (object)((SourceFinding)item).Fault!.Value.Code);
        return items;
    }
}
