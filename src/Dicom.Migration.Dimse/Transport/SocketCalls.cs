using System.Buffers;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A socket that blocks, read and written by plain system calls, each of which says for itself whether it waits (Linux).</summary>
internal static partial class SocketCalls
{
    /// <summary>There is nothing to read, or no room to write.</summary>
    public const int Nothing = -1;

    private const int DoNotWait = 0x40, WaitForAll = 0x100, NoSignal = 0x4000; // MSG_DONTWAIT, MSG_WAITALL, MSG_NOSIGNAL
    private const int Interrupted = 4, TryAgain = 11; // EINTR, EAGAIN

    /// <summary>Reads what is there.</summary>
    /// <param name="socket">From where.</param> <param name="buffer">Whereto.</param>
    /// <param name="wait">Whether it waits: no longer than <see cref="Socket.ReceiveTimeout"/>, and sometimes less.</param>
    /// <returns>How many bytes, 0 at the end of the stream, or <see cref="Nothing"/>.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public static int Receive(SafeSocketHandle socket, Span<byte> buffer, SocketWait wait) =>
        Count(Receive(socket, ref MemoryMarshal.GetReference(buffer), buffer.Length, wait switch { SocketWait.None => DoNotWait, SocketWait.ForSome => 0, _ => WaitForAll }));

    /// <summary>Writes as much as there is room for.</summary>
    /// <returns>How many bytes, or <see cref="Nothing"/>.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public static int Send(SafeSocketHandle socket, ReadOnlySpan<byte> buffer) =>
        Count(Send(socket, in MemoryMarshal.GetReference(buffer), buffer.Length, DoNotWait | NoSignal));

    /// <summary>Writes pieces one after the other, as much as there is room for.</summary>
    /// <param name="socket">Whereto.</param> <param name="pieces">Which are not empty. Of very many, the first ones are written.</param> <param name="start">How much of the first one was written before.</param> <param name="pins">Room to hold them in place; empty before and after.</param>
    /// <returns>How many bytes, or <see cref="Nothing"/>.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public static unsafe int Send(SafeSocketHandle socket, ReadOnlySpan<ReadOnlyMemory<byte>> pieces, int start, Span<MemoryHandle> pins)
    {
        if (pieces.Length > pins.Length) pieces = pieces[..pins.Length];
        var places = stackalloc Place[pieces.Length];
        try
        {
            for (var i = 0; i < pieces.Length; i++, start = 0)
            {
                pins[i] = pieces[i].Pin();
                places[i] = new Place((nint)pins[i].Pointer + start, pieces[i].Length - start);
            }

            var header = new Header { Places = places, Count = pieces.Length };
            return Count(Send(socket, in header, DoNotWait | NoSignal));
        }
        finally
        {
            for (var i = 0; i < pieces.Length; i++) pins[i].Dispose();
        }
    }

    private static int Count(nint count)
    {
        if (count >= 0) return (int)count;
        var error = Marshal.GetLastPInvokeError();
        return error is TryAgain or Interrupted ? Nothing : throw new IOException("The connection broke.", new Win32Exception(error));
    }

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Receive(SafeSocketHandle socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Send(SafeSocketHandle socket, ref readonly byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Send(SafeSocketHandle socket, in Header message, int flags);

    /// <summary>struct iovec.</summary>
    private readonly record struct Place(nint Start, nint Length);

    /// <summary>struct msghdr, without an address and control data.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Header
    {
        private readonly nint _name;
        private readonly uint _nameLength;
        public Place* Places;
        public nint Count;
        private readonly nint _control;
        private readonly nint _controlLength;
        private readonly int _flags;
    }
}

/// <summary>What a call waits for.</summary>
internal enum SocketWait
{
    /// <summary>Nothing: what is there is taken.</summary>
    None,

    /// <summary>At least one byte.</summary>
    ForSome,

    /// <summary>A full buffer.</summary>
    ForAll,
}
