using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>The content of one part: the input's own buffers up to the next delimiter.</summary>
internal sealed class MultipartBody(PipeReader input, MultipartDelimiter delimiter) : PipeReader
{
    private ReadOnlySequence<byte> _buffer; // as the input gave it
    private ReadOnlySequence<byte> _given; // the content at its front
    private MultipartMatch _match;
    private long _scanned; // bytes at the input's front that hold no beginning of a delimiter
    private bool _isUnseen; // not all of those were looked at
    private bool _isOpen; // a read was given and not advanced
    private bool _isCompleted;

    private bool IsAtDelimiter => _match.Kind is MultipartMatchKind.Part or MultipartMatchKind.Last;

    /// <summary>Passes over what is left, and the delimiter behind it.</summary>
    public async ValueTask<MultipartMatchKind> SkipAsync(CancellationToken cancellationToken)
    {
        _isCompleted = true;
        if (_isOpen) AdvanceTo(_given.Start);
        while (true)
        {
            var read = await ReadContentAsync(cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            if (!read.IsCompleted)
            {
                AdvanceTo(read.Buffer.End);
                continue;
            }
            _isOpen = false;
            input.AdvanceTo(_buffer.GetPosition(_match.Offset + _match.Length));
            return _match.Kind;
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        _isCompleted ? throw new InvalidOperationException("The part was completed.") : ReadContentAsync(cancellationToken);

    private async ValueTask<ReadResult> ReadContentAsync(CancellationToken cancellationToken)
    {
        if (_isOpen) throw new InvalidOperationException("Advance before the next read.");
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (Take(read, out var result)) return result;
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (_isCompleted || _isOpen) throw new InvalidOperationException("The part was completed, or not advanced.");
        result = default;
        return input.TryRead(out var read) && Take(read, out result);
    }

    private bool Take(ReadResult read, out ReadResult result)
    {
        _buffer = read.Buffer;
        _match = delimiter.Find(_buffer, Math.Min(_scanned, _buffer.Length), isFirst: false, read.IsCompleted);
        if (!IsAtDelimiter && read.IsCompleted)
        {
            input.AdvanceTo(_buffer.Start, _buffer.End);
            throw MultipartReader.CutOff();
        }
        var isNew = IsAtDelimiter || _isUnseen || _match.Offset > _scanned || read.IsCanceled;
        _scanned = _match.Offset;
        _given = _buffer.Slice(0, _match.Offset);
        result = new ReadResult(_given, read.IsCanceled, IsAtDelimiter);
        if (isNew) _isOpen = true;
        else input.AdvanceTo(_buffer.Start, _buffer.End); // nothing that was not given before
        return isNew;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isOpen) throw new InvalidOperationException("There is no read to advance.");
        _isOpen = false;
        var isSeen = _given.Slice(_given.GetPosition(0), examined).Length == _given.Length;
        var taken = _given.Slice(_given.GetPosition(0), consumed).Length;
        _isUnseen = !isSeen;
        _scanned -= taken;
        // What was examined to the end of the content is examined to the end of the input: the next read waits for more. At a delimiter
        // it must not wait.
        input.AdvanceTo(consumed, IsAtDelimiter ? consumed : isSeen ? _buffer.End : examined);
    }

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        if (_isOpen) AdvanceTo(_given.Start);
        _isCompleted = true;
    }
}
