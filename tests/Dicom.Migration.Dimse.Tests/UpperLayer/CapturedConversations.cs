using System.Buffers;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>Conversations of DCMTK's tools, where the corpus lies beside the repository.</summary>
public class CapturedConversations
{
    internal static IReadOnlyList<string> Folders { get; } = Find();

    [Fact]
    public void Are_read_wholly_and_written_back_byte_for_byte()
    {
        foreach (var file in Folders.SelectMany(f => Directory.GetFiles(f, "*2*.bin")))
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
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Dicom.Migration.sln"))) continue;
            var corpus = Path.Combine(folder.FullName, "..", "shared", "corpus", "dimse");
            return Directory.Exists(corpus) ? Directory.GetDirectories(corpus) : [];
        }

        return [];
    }
}
