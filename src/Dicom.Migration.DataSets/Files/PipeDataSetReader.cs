using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.DataSets;

/// <summary>Reads a data set token by token out of a pipe, as it comes; values are handed on in the pipe's own memory.</summary>
/// <remarks>The pipe stays the caller's, and is completed by the caller. Not thread-safe. For data sets that are not deflated.</remarks>
public sealed class PipeDataSetReader
{
    private const int LongestHeader = 12;
    private readonly PipeReader _pipe;
    private readonly byte[] _header = new byte[LongestHeader];
    private ReadOnlySequence<byte> _buffer;
    private bool _isHeld;
    private long _consumed;

    /// <summary>Makes a reader that stands at the start of a data set.</summary>
    /// <param name="pipe">Its next byte is the data set's first.</param>
    /// <param name="syntax">The encoding; not deflated.</param>
    /// <param name="options">Limits and dictionary, or <see langword="null"/> for the defaults.</param>
    public PipeDataSetReader(PipeReader pipe, TransferSyntax syntax, DataSetReaderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        ArgumentNullException.ThrowIfNull(syntax);
        if (syntax.IsDeflated) throw new ArgumentException("A deflated data set is inflated first.", nameof(syntax));
        (_pipe, Element) = (pipe, new DataSetReader(options));
        Element.Reset(syntax);
    }

    /// <summary>The current token: read its properties; only this class may move it.</summary>
    public DataSetReader Element { get; }
    /// <summary>The bytes of the current <see cref="DataSetToken.Value"/>; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Piece { get; private set; }

    /// <summary>Reads the next token, waiting for the pipe where it must.</summary>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns><see langword="false"/> after the end.</returns>
    /// <exception cref="DicomFormatException">The data set is malformed.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        Release(examined: false);
        while (true)
        {
            var read = await _pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            (_buffer, _isHeld, _consumed) = (read.Buffer, true, 0);
            if (read.IsCanceled)
            {
                Release(examined: false);
                throw new OperationCanceledException(cancellationToken);
            }
            if (Take(read.IsCompleted)) return true;
            var ended = Element.Token == DataSetToken.End;
            Release(examined: !ended);
            if (ended) return false;
        }
    }

    private bool Take(bool isCompleted)
    {
        var first = _buffer.First;
        // A header that is cut by the end of a segment is read from a copy; a value is taken as far as its segment goes.
        var copied = Element.ValueRemaining == 0 && first.Length < LongestHeader && _buffer.Length > first.Length;
        if (copied)
        {
            var length = (int)Math.Min(LongestHeader, _buffer.Length);
            _buffer.Slice(0, length).CopyTo(_header);
            first = _header.AsMemory(0, length);
        }
        var isFinal = isCompleted && first.Length == _buffer.Length;
        if (!Element.Read(first.Span, isFinal, out var consumed)) return false;
        Piece = Element.Token == DataSetToken.Value ? first[..consumed] : default;
        _consumed = consumed;
        return true;
    }

    private void Release(bool examined)
    {
        if (!_isHeld) return;
        var consumed = _buffer.GetPosition(_consumed);
        (_isHeld, Piece) = (false, default);
        _pipe.AdvanceTo(consumed, examined ? _buffer.End : consumed);
    }

    /// <summary>Gives back what was read ahead: the pipe then stands behind the current token.</summary>
    public void Stop() => Release(examined: false);
}
