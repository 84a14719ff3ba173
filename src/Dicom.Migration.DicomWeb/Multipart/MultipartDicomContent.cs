using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>Part 10 files as the <c>multipart/related</c> body of a STOW-RS request (PS3.18 §8.6.1.2.1, §10.5.1), written as they are read.</summary>
internal sealed class MultipartDicomContent : HttpContent
{
    private readonly byte[] _head, _end; // of each part; of the body
    private volatile ProgressWatch? _watch;

    public MultipartDicomContent(IReadOnlyList<StowInstance> instances)
    {
        // 122 random bits are in no content by chance, and a sender that cannot guess them puts them in none on purpose.
        var boundary = string.Create(CultureInfo.InvariantCulture, $"dicom-migration-{Guid.NewGuid():N}");
        (Instances, _head, _end) = (instances, Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n"), Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        Headers.ContentType = new MediaTypeHeaderValue("multipart/related")
        {
            Parameters = { new NameValueHeaderValue("type", "\"application/dicom\""), new NameValueHeaderValue("boundary", boundary) },
        };
    }

    /// <summary>What is sent.</summary>
    public IReadOnlyList<StowInstance> Instances { get; }

    /// <summary>Is called at each step of sending, until what is given back is disposed.</summary>
    public IDisposable Watch(Action progress)
    {
        var watch = new ProgressWatch(progress);
        _watch = watch;
        return watch;
    }

    /// <summary>Why a body could not be read to its end, if one could not.</summary>
    public Exception? BodyFailure { get; private set; }
    /// <summary>Whether the same content can be sent again.</summary>
    public bool IsRepeatable => Instances.All(static i => i.IsRepeatable);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var gathered = new GatheringWriter(stream, () => _watch?.Step());
        foreach (var instance in Instances)
        {
            await gathered.WriteAsync(_head, cancellationToken).ConfigureAwait(false);
            await gathered.WriteAsync(instance.Envelope, cancellationToken).ConfigureAwait(false);
            if (instance.Pipe is { } pipe) await WriteAsync(pipe, instance.Length, gathered, stream, cancellationToken).ConfigureAwait(false);
            else foreach (var memory in instance.Content) await gathered.WriteAsync(memory, cancellationToken).ConfigureAwait(false);
        }
        await gathered.WriteAsync(_end, cancellationToken).ConfigureAwait(false);
        await gathered.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    // Servers that take no chunks exist: with a length that is known there are none.
    protected override bool TryComputeLength(out long length)
    {
        length = _end.Length;
        foreach (var instance in Instances)
        {
            if (instance.Length is not { } body) return false;
            length += _head.Length + instance.Envelope.Length + body;
        }
        return true;
    }

    private async Task WriteAsync(PipeReader body, long? length, GatheringWriter gathered, Stream stream, CancellationToken cancellationToken)
    {
        await gathered.FlushAsync(cancellationToken).ConfigureAwait(false); // what comes from a pipe may be long in coming
        for (var written = 0L; ;)
        {
            var read = await ReadAsync(body, cancellationToken).ConfigureAwait(false);
            var consumed = read.Buffer.Start;
            try
            {
                written += read.Buffer.Length;
                if (written > length || (read.IsCompleted && written < length)) throw Broken(new DicomWebException(new Fault(FaultCode.LengthBeyondInput, null, written)));
                foreach (var memory in read.Buffer) await stream.WriteAsync(memory, cancellationToken).ConfigureAwait(false);
                consumed = read.Buffer.End;
                _watch?.Step();
            }
            finally { body.AdvanceTo(consumed); }
            if (read.IsCompleted) return;
        }
    }

    private async ValueTask<ReadResult> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        try
        {
            var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            return read.IsCanceled ? throw new OperationCanceledException(cancellationToken) : read;
        }
        catch (Exception e) when (e is not OperationCanceledException) { throw Broken(e); }
    }

    private Exception Broken(Exception e) => BodyFailure = e;

    /// <summary>Calls back until it is disposed; a server may answer, and the request be over, while content is still written.</summary>
    private sealed class ProgressWatch(Action progress) : IDisposable
    {
        private readonly Lock _lock = new();
        private bool _isOver;

        public void Step()
        {
            lock (_lock)
            {
                if (!_isOver) progress();
            }
        }

        public void Dispose()
        {
            lock (_lock) _isOver = true;
        }
    }
}
