namespace Dicom.Migration.DicomWeb.Http;

/// <summary>The body of an answer: no longer than a limit, silent no longer and slower no longer than a limit, and its failures by name.</summary>
/// <param name="inner">The body.</param>
/// <param name="response">Is let go with it.</param>
/// <param name="maxLength">Most bytes.</param>
/// <param name="idle">Longest silence; the rate is looked at after as much waiting.</param>
/// <param name="minRate">Fewest bytes a second of waiting for the peer; the time that whoever reads takes does not count.</param>
/// <param name="time">The clock.</param>
internal sealed class PacedStream(Stream inner, HttpResponseMessage response, long maxLength, TimeSpan idle, int minRate, TimeProvider time) : Stream
{
    private long _length, _bytesWaitedFor;
    private TimeSpan _waited;
    // One for all reads: it is armed only while the peer is waited for.
    private CancellationTokenSource _silence = new(Timeout.InfiniteTimeSpan, time);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        var since = time.GetTimestamp();
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var reading = inner.ReadAsync(buffer, _silence.Token);
            read = reading.IsCompleted ? await reading.ConfigureAwait(false) : await WaitAsync(reading, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new DicomWebException(FaultCode.PeerClosedEarly, "The connection broke in the middle of an answer.", e);
        }
        _length += read;
        ThrowIfSlow(read, time.GetElapsedTime(since));
        return _length <= maxLength ? read : throw new DicomWebException(FaultCode.MessageTooLong, "An answer is longer than the limit.");
    }

    private async ValueTask<int> WaitAsync(ValueTask<int> reading, CancellationToken cancellationToken)
    {
        var silence = _silence;
        silence.CancelAfter(idle);
        try
        {
            using (cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), silence))
                return await reading.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { throw new OperationCanceledException(cancellationToken); }
        catch (OperationCanceledException) when (silence.IsCancellationRequested)
        {
            throw new DicomWebException(FaultCode.PeerTimeout, "The peer sent nothing more of an answer within the time allowed.");
        }
        finally
        {
            // What came in the moment its time was up has come: the next read has all its time.
            if (!silence.TryReset())
            {
                _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
                silence.Dispose();
            }
        }
    }

    // One byte now and then is no silence, and holds a connection for years.
    private void ThrowIfSlow(int read, TimeSpan waited)
    {
        (_bytesWaitedFor, _waited) = (_bytesWaitedFor + read, _waited + waited);
        if (_waited < idle) return;
        if (read > 0 && _bytesWaitedFor < minRate * _waited.TotalSeconds) throw new DicomWebException(FaultCode.PeerTimeout, "The peer sends an answer slower than the lowest rate allowed.");
        (_bytesWaitedFor, _waited) = (0, TimeSpan.Zero);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("An answer is read asynchronously.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            response.Dispose();
            _silence.Dispose();
        }
        base.Dispose(disposing);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
