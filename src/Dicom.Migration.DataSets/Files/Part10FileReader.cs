using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.DataSets;

/// <summary>Reads the data set of a file token by token through one small buffer, passing over values by seeking.</summary>
/// <remarks>Of use for the headers of many files: reusable by <see cref="Open(SafeFileHandle)"/>, which keeps the buffer. Not thread-safe.
/// Errors of the file system come as the framework's own exceptions.</remarks>
public sealed class Part10FileReader : IDisposable
{
    // Most headers end within 4 KiB. More of a longer file is copied, and from a disk fetched, only if its header turns out longer.
    private const int FirstRead = 4_096;
    private readonly int _bufferLength;
    private readonly ReadAt _ofHandle;
    private readonly DataSetReader _meta = Part10Prefix.MetaReader();
    private byte[] _buffer;
    private int _start, _end;
    private long _filePosition, _fileLength;
    private bool _final;
    private SafeFileHandle? _handle;
    private ReadAt? _read;
    private Inflater? _inflater;
    private PositionedStream? _deflated;

    /// <summary>Makes a reader that has no file yet.</summary>
    /// <param name="options">Limits and dictionary, or <see langword="null"/> for the defaults.</param>
    /// <param name="bufferLength">Bytes read at once, 256 or more; of a longer file 4 KiB at first. Default 16 KiB: the header of most images in one read or two.</param>
    public Part10FileReader(DataSetReaderOptions? options = null, int bufferLength = 16_384)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferLength, 256);
        (_bufferLength, _buffer, Element) = (bufferLength, new byte[bufferLength], new DataSetReader(options));
        _ofHandle = (into, offset) => RandomAccess.Read(_handle!, into, offset);
    }

    /// <summary>The current token: read its properties; only this class may move it.</summary>
    public DataSetReader Element { get; }
    /// <summary>What stands before the data set.</summary>
    public Part10Prefix Prefix => _prefix ?? throw new InvalidOperationException("No file is open.");
    private Part10Prefix? _prefix;
    /// <summary>The bytes of the current <see cref="DataSetToken.Value"/>; valid until the next call.</summary>
    public ReadOnlySpan<byte> Piece => Element.Token == DataSetToken.Value ? _buffer.AsSpan(_pieceStart, _start - _pieceStart) : [];
    private int _pieceStart;

    /// <summary>Starts on a file, reading its prefix.</summary>
    /// <param name="handle">Open for reading; stays the caller's, and open while this reader is used.</param>
    /// <exception cref="DicomFormatException">The file is not DICOM, or its file meta is malformed.</exception>
    public void Open(SafeFileHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        Open(_ofHandle, RandomAccess.GetLength(handle), handle);
    }

    /// <summary>Starts on a file that is read by other means, reading its prefix.</summary>
    /// <param name="read">Reads it; what it throws comes through.</param>
    /// <param name="length">Bytes of the file: values that would end beyond are refused at once.</param>
    /// <exception cref="DicomFormatException">The file is not DICOM, or its file meta is malformed.</exception>
    public void Open(ReadAt read, long length)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Open(read, length, null);
    }

    private void Open(ReadAt read, long length, SafeFileHandle? handle)
    {
        Dispose(); // should this file be no DICOM, nothing of the last one may be taken for it
        (_read, _handle, _filePosition, _fileLength, _start, _end, _final, _pieceStart) = (read, handle, 0, length, 0, 0, false, 0);
        if (_buffer.Length != _bufferLength) _buffer = new byte[_bufferLength];
        try
        {
            while ((_prefix = Part10Prefix.Read(_buffer.AsSpan(0, _end), _final, _meta)) is null) Fill();
        }
        finally
        {
            if (_prefix is null) Dispose();
        }
        var prefix = _prefix;
        _start = prefix.Length;
        if (prefix.TransferSyntax.IsDeflated)
        {
            _deflated = new PositionedStream(read, prefix.Length);
            _inflater = new Inflater(_deflated, prefix.Length);
            (_start, _end, _final) = (0, 0, false);
            Element.Reset(prefix.TransferSyntax);
        }
        else Element.Reset(prefix.TransferSyntax, prefix.Length, length - prefix.Length);
    }

    /// <summary>Reads the next token.</summary>
    /// <returns><see langword="false"/> after the end.</returns>
    /// <exception cref="DicomFormatException">The data set is malformed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // for every token, as in DataSetReader
    public bool Read()
    {
        while (true)
        {
            if (Element.Read(_buffer.AsSpan(_start, _end - _start), _final, out var consumed))
            {
                _pieceStart = _start;
                _start += consumed;
                return true;
            }
            if (Element.Token == DataSetToken.End) return false;
            Fill();
        }
    }

    /// <summary>Leaves out what is left of the current value, without reading it where the file is not deflated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SkipValue()
    {
        var skip = Element.SkipValue();
        _pieceStart = _start;
        if (skip <= _end - _start)
        {
            _start += (int)skip;
        }
        else if (_inflater is null)
        {
            _filePosition += skip - (_end - _start);
            (_start, _end) = (0, 0);
        }
        else
        {
            while (skip > _end - _start)
            {
                skip -= _end - _start;
                _start = _end;
                if (_final) throw new DicomFormatException(new Fault(FaultCode.LengthBeyondInput, Element.Tag, Element.HeaderOffset));
                Fill();
            }
            _start += (int)skip;
        }
        _pieceStart = _start;
    }

    /// <summary>Reads what is left of the current value whole.</summary>
    /// <param name="value">Receives it; must hold <see cref="DataSetReader.ValueRemaining"/> bytes.</param>
    /// <returns>Its bytes.</returns>
    public int ReadValue(Span<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value.Length, Element.ValueRemaining, nameof(value));
        var length = 0;
        while (Element.ValueRemaining > 0 && Read())
        {
            Piece.CopyTo(value[length..]);
            length += Piece.Length;
        }
        return length;
    }

    private void Fill()
    {
        var source = _read ?? throw new InvalidOperationException("No file is open.");
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2); // a long prefix only
        var free = _buffer.AsSpan(_end);
        if (_filePosition == 0 && _fileLength > _bufferLength && free.Length > FirstRead) free = free[..FirstRead];
        var read = _inflater is not null ? _inflater.Read(free) : source(free, _filePosition);
        if (_inflater is null) _filePosition += read;
        _end += read;
        _final = read == 0;
    }

    /// <summary>Lets go of the file, which stays open; another may be opened.</summary>
    public void Dispose()
    {
        _inflater?.Dispose();
        _deflated?.Dispose();
        (_inflater, _deflated, _handle, _read, _prefix, _start, _end, _final, _pieceStart) = (null, null, null, null, null, 0, 0, false, 0);
        Element.Reset(TransferSyntax.ExplicitVrLittleEndian);
    }
}
