using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Small made-up instances: (0008,0018) and a pixel of filling.</summary>
internal static class Made
{
    public static byte[] DataSet(string uid, int filling = 100)
    {
        if (uid.Length % 2 == 1) uid += "\0";
        return [8, 0, 0x18, 0, (byte)'U', (byte)'I', (byte)uid.Length, 0, .. Encoding.Latin1.GetBytes(uid),
            0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'B', 0, 0, .. BitConverter.GetBytes(filling), .. Enumerable.Repeat((byte)7, filling)];
    }

    public static byte[] File(string uid, int filling = 100) =>
        [.. Part10Meta.Make("1.2.840.10008.5.1.4.1.1.7", uid, TransferSyntax.ExplicitVrLittleEndian.Uid), .. DataSet(uid, filling)];

    public static OutgoingInstance Outgoing(string uid, byte[]? dataSet = null, string study = "1.2", string series = "1.2.3", byte[]? envelope = null) => new()
    {
        StudyInstanceUid = study,
        SeriesInstanceUid = series,
        SopClassUid = "1.2.840.10008.5.1.4.1.1.7",
        SopInstanceUid = uid,
        TransferSyntax = TransferSyntax.ExplicitVrLittleEndian,
        Body = PipeReader.Create(new ReadOnlySequence<byte>(dataSet ?? DataSet(uid))),
        Envelope = envelope ?? [],
    };

    public static async Task<byte[]> ReadAsync(PipeReader body)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all, TestContext.Current.CancellationToken);
        return all.ToArray();
    }
}
