using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb;

/// <summary>One instance on its way out of a WADO-RS or WADO-URI answer. Read or disposed before the next is asked for.</summary>
public sealed class DicomWebInstance : IAsyncDisposable
{
    private const int FirstLook = 4_096;
    private readonly PipeReader _part;

    private DicomWebInstance(PipeReader part, Part10Prefix? prefix, Fault? fault)
    {
        (_part, Prefix, Fault) = (part, prefix, fault);
        if (prefix is not null) (SopClassUid, SopInstanceUid) = prefix.ReadClaims();
    }

    /// <summary>Exactly the encoded data set, without preamble and file meta information. Throws a <see cref="DicomWebException"/> if the answer breaks off.</summary>
    /// <exception cref="InvalidOperationException">There is a <see cref="Fault"/>.</exception>
    public PipeReader Body => Prefix is null ? throw new InvalidOperationException("What is no Part 10 file has no data set.") : _part;
    /// <summary>Preamble and file meta information as received; <see langword="null"/> if there is a <see cref="Fault"/>.</summary>
    public Part10Prefix? Prefix { get; }
    /// <summary>Why this part is no instance; <see langword="null"/> if it is one.</summary>
    public Fault? Fault { get; }
    /// <summary>Media Storage SOP Class UID (0002,0002), unchecked.</summary>
    public string? SopClassUid { get; }
    /// <summary>Media Storage SOP Instance UID (0002,0003), unchecked.</summary>
    public string? SopInstanceUid { get; }

    /// <summary>Completes the body.</summary>
    public ValueTask DisposeAsync() => _part.CompleteAsync();

    /// <summary>Reads what stands before the data set.</summary>
    internal static async Task<DicomWebInstance> OpenAsync(MultipartPart part, CancellationToken cancellationToken)
    {
        // PS3.18 §8.7.3.1: what was asked for. A part that names no type has the type of the whole.
        if (part.Headers.ContentType is { } type && !type.Split(';')[0].Trim().Equals("application/dicom", StringComparison.OrdinalIgnoreCase))
            return new DicomWebInstance(part.Body, null, new Fault(FaultCode.ProtocolViolation));
        return await OpenAsync(part.Body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads what stands before the data set.</summary>
    internal static async Task<DicomWebInstance> OpenAsync(PipeReader body, CancellationToken cancellationToken)
    {
        for (var look = FirstLook; ; look *= 2)
        {
            var read = await body.ReadAtLeastAsync(look, cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            var isFinal = read.IsCompleted && read.Buffer.Length <= look;
            try
            {
                if (ReadPrefix(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, look)), isFinal) is { } prefix)
                {
                    body.AdvanceTo(read.Buffer.GetPosition(prefix.Length));
                    return new DicomWebInstance(body, prefix, null);
                }
            }
            catch (DicomFormatException e)
            {
                body.AdvanceTo(read.Buffer.Start);
                return new DicomWebInstance(body, null, e.Fault);
            }
            body.AdvanceTo(read.Buffer.Start);
        }
    }

    // In one piece nearly always: then nothing is copied but the prefix itself.
    private static Part10Prefix? ReadPrefix(ReadOnlySequence<byte> head, bool isFinal) => Part10Prefix.Read(head.IsSingleSegment ? head.FirstSpan : head.ToArray(), isFinal);
}
