using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.DicomWeb;

/// <summary>One instance on its way to a STOW-RS server.</summary>
public sealed class StowInstance
{
    private StowInstance(string sopInstanceUid, ReadOnlyMemory<byte> envelope) => (SopInstanceUid, Envelope) = (sopInstanceUid, envelope);

    /// <summary>One whose data set is in memory: it can be sent again.</summary>
    /// <param name="sopInstanceUid">SOP Instance UID (0008,0018) of the data set: the server's answer is looked up by it.</param>
    /// <param name="envelope">Preamble, prefix and file meta information (PS3.10 §7.1).</param>
    /// <param name="dataSet">The encoded data set.</param>
    public static StowInstance FromMemory(string sopInstanceUid, ReadOnlyMemory<byte> envelope, ReadOnlySequence<byte> dataSet) => FromMemory(sopInstanceUid, null, envelope, dataSet);

    internal static StowInstance FromMemory(string sopInstanceUid, string? sopClassUid, ReadOnlyMemory<byte> envelope, ReadOnlySequence<byte> dataSet) =>
        new(Named(sopInstanceUid), envelope) { SopClassUid = sopClassUid, Content = dataSet, Length = dataSet.Length };

    /// <summary>One whose data set is read once, while it is sent.</summary>
    /// <param name="sopInstanceUid">SOP Instance UID (0008,0018) of the data set: the server's answer is looked up by it.</param>
    /// <param name="envelope">Preamble, prefix and file meta information (PS3.10 §7.1).</param>
    /// <param name="dataSet">The encoded data set; stays the caller's.</param>
    /// <param name="length">Its length in bytes, if known. Without it the request is chunked, which not every server takes.</param>
    public static StowInstance FromPipe(string sopInstanceUid, ReadOnlyMemory<byte> envelope, PipeReader dataSet, long? length) => FromPipe(sopInstanceUid, null, envelope, dataSet, length);

    internal static StowInstance FromPipe(string sopInstanceUid, string? sopClassUid, ReadOnlyMemory<byte> envelope, PipeReader dataSet, long? length)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        return new(Named(sopInstanceUid), envelope) { SopClassUid = sopClassUid, Pipe = dataSet, Length = length };
    }

    /// <summary>SOP Instance UID.</summary>
    public string SopInstanceUid { get; }
    /// <summary>SOP Class UID, which the server's answer has to repeat if it says one; <see langword="null"/> if nobody looks.</summary>
    internal string? SopClassUid { get; private init; }
    internal ReadOnlyMemory<byte> Envelope { get; }
    internal ReadOnlySequence<byte> Content { get; private init; }
    internal PipeReader? Pipe { get; private init; }
    internal long? Length { get; private init; }
    internal bool IsRepeatable => Pipe is null;

    private static string Named(string sopInstanceUid)
    {
        ArgumentException.ThrowIfNullOrEmpty(sopInstanceUid);
        return sopInstanceUid;
    }
}
