using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>The DICOM JSON of files and bytes.</summary>
internal static class JsonOf
{
    internal static JsonDocument File(string path, DicomJsonWriterOptions options) => JsonDocument.Parse(Utf8(path, options), new JsonDocumentOptions { MaxDepth = 256 });

    internal static byte[] Utf8(string path, DicomJsonWriterOptions options)
    {
        using var handle = System.IO.File.OpenHandle(path);
        using var reader = new Part10FileReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf }, 512);
        reader.Open(handle);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            new DicomJsonWriter(json, options).Write(reader);
        return stream.ToArray();
    }

    internal static byte[] DataSet(DataSet dataSet, DicomJsonWriterOptions? options = null)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            new DicomJsonWriter(json, options).Write(dataSet);
        return stream.ToArray();
    }

    /// <summary>Of a data set cut into two buffers; the second starts at the offset.</summary>
    internal static string Bytes(byte[] dataSet, TransferSyntax syntax, DicomJsonWriterOptions? options = null, int cut = 0, Func<DicomTag, DicomVr>? dictionary = null)
    {
        using var stream = new MemoryStream();
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var writer = new DicomJsonWriter(json, options);
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = dictionary ?? DataElementDictionary.VrOf });
        reader.Reset(syntax);
        writer.Begin();
        var at = 0;
        foreach (var end in new[] { cut, dataSet.Length })
            while (reader.Read(dataSet.AsSpan(at..end), end == dataSet.Length, out var consumed))
            {
                writer.Take(reader, dataSet.AsSpan(at, consumed));
                at += consumed;
                if (reader.Token == DataSetToken.End) break;
            }
        json.Flush();
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
