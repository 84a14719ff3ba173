using System.Buffers;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>Conversations of DCMTK's tools.</summary>
/// <remarks>DICOM_MIGRATION_CONVERSATIONS in the environment names a folder with more of them.</remarks>
public class CapturedConversations
{
    private const int InRepository = 10;

    internal static IReadOnlyList<string> Folders { get; } = Find();

    /// <summary>Every direction of every one; never none.</summary>
    internal static IReadOnlyList<string> Files
    {
        get
        {
            var files = Folders.SelectMany(static f => Directory.GetFiles(f, "*2*.bin")).Order(StringComparer.Ordinal).ToList();
            Assert.True(files.Count >= 2 * InRepository, $"only {files.Count} conversations");
            return files;
        }
    }

    [Fact]
    public void Are_read_wholly_and_written_back_byte_for_byte()
    {
        foreach (var file in Files)
        {
            var bytes = File.ReadAllBytes(file);
            var rest = new ReadOnlySequence<byte>(bytes);
            var output = new ArrayBufferWriter<byte>();
            while (Pdu.TryTake(ref rest, 1 << 20, out var frame)) Write(output, frame);
            Assert.True(rest.IsEmpty, file);
            Assert.True(output.WrittenSpan.SequenceEqual(bytes), file);
        }
    }

    private static void Write(ArrayBufferWriter<byte> output, PduFrame frame)
    {
        if (frame.Type != PduType.DataTransfer)
        {
            PduWriter.Write(output, PduParser.Parse(frame));
            return;
        }

        for (var reader = new PresentationDataReader(frame.Body); reader.TryRead();)
        {
            var value = reader.Current;
            PduWriter.WriteDataHeader(output.GetSpan(12), value.ContextId, value.IsCommand, value.IsLast, (int)value.Fragment.Length);
            output.Advance(12);
            foreach (var memory in value.Fragment) output.Write(memory.Span);
        }
    }

    private static string[] Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Dicom.Migration.sln")))
                return [.. Directory.GetDirectories(Path.Combine(folder.FullName, "tests", "Corpus", "dimse")), .. Environment.GetEnvironmentVariable("DICOM_MIGRATION_CONVERSATIONS") is { Length: > 0 } more ? Directory.GetDirectories(more) : []];
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
