using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>Looks up what a data set says it is. File meta information may say otherwise, and a peer may send another than was asked for.</summary>
internal static class InstanceName
{
    private const int FirstLook = 1_024, LastLook = 65_536; // both UIDs stand before anything large
    private const int MaxUidLength = 66; // padding and all

    /// <summary>SOP Instance UID (0008,0018) of the data set; of the file meta information if the data set is deflated, malformed, or has none where it belongs.</summary>
    /// <param name="instance">One that can be read; nothing of it is consumed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The answer breaks off.</exception>
    public static async Task<string> PeekAsync(DicomWebInstance instance, CancellationToken cancellationToken) =>
        await PeekAsync(instance, DicomTags.SopInstanceUid, cancellationToken).ConfigureAwait(false) is { Length: > 0 } uid ? uid : instance.SopInstanceUid ?? "";

    /// <summary>Study Instance UID (0020,000D) of the data set; empty if it cannot be found in its first 64 KiB.</summary>
    /// <param name="instance">One that can be read; nothing of it is consumed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The answer breaks off.</exception>
    public static Task<string> PeekStudyAsync(DicomWebInstance instance, CancellationToken cancellationToken) => PeekAsync(instance, DicomTags.StudyInstanceUid, cancellationToken);

    /// <summary>Number of Study Related Instances (0020,1208) as it stands in the data set, where an archive of earlier times has left it; empty if it does not.</summary>
    /// <param name="instance">One that can be read; nothing of it is consumed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The answer breaks off.</exception>
    public static Task<string> PeekCountAsync(DicomWebInstance instance, CancellationToken cancellationToken) => PeekAsync(instance, DicomTags.NumberOfStudyRelatedInstances, cancellationToken);

    private static async Task<string> PeekAsync(DicomWebInstance instance, DicomTag tag, CancellationToken cancellationToken)
    {
        if (instance.Prefix is not { } prefix || prefix.TransferSyntax.IsDeflated) return "";
        for (var look = FirstLook; ; look *= 8)
        {
            var read = await instance.Body.ReadAtLeastAsync(look, cancellationToken).ConfigureAwait(false);
            var head = read.Buffer.Slice(0, Math.Min(look, read.Buffer.Length)).ToArray();
            instance.Body.AdvanceTo(read.Buffer.Start);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            var isAll = look >= LastLook || (read.IsCompleted && read.Buffer.Length <= look);
            try
            {
                if (Find(head, prefix.TransferSyntax, tag) is { } uid) return uid;
            }
            catch (DicomFormatException) { return ""; } // whoever reads it all says what is wrong with it
            if (isAll) return "";
        }
    }

    /// <summary>The UID, empty if there is none; <see langword="null"/> if it could still come.</summary>
    private static string? Find(ReadOnlySpan<byte> head, TransferSyntax syntax, DicomTag tag)
    {
        var reader = new DataSetReader();
        reader.Reset(syntax);
        while (reader.Read(head[(int)reader.Position..], isFinal: false, out _))
        {
            if (reader.Depth > 0 || reader.Token is not (DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart)) continue;
            if (reader.Tag.Value > tag.Value) return "";
            if (reader.Tag != tag) continue;
            if (reader.Token is not DataSetToken.ElementStart || reader.Length is < 0 or > MaxUidLength) return "";
            return reader.ValueOffset + reader.Length > head.Length ? null : Encoding.ASCII.GetString(head.Slice((int)reader.ValueOffset, (int)reader.Length)).TrimEnd('\0', ' ');
        }

        return null;
    }
}
