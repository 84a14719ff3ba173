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

    private const int DoNotWait = 0x40, NoSignal = 0x4000; // MSG_DONTWAIT, MSG_NOSIGNAL
    private const int SocketLevel = 1, LowWater = 18; // SOL_SOCKET, SO_RCVLOWAT
    private const short Readable = 1; // POLLIN
    private const int Interrupted = 4, TryAgain = 11; // EINTR, EAGAIN

    /// <summary>Reads what is there.</summary>
    /// <param name="socket">From where.</param> <param name="buffer">Whereto.</param> <param name="beyond">Whereto, once that is full.</param>
    /// <param name="mayWait">Whether it waits for a first byte: no longer than <see cref="Socket.ReceiveTimeout"/>, and sometimes less.</param>
    /// <returns>How many bytes, 0 at the end of the stream, or <see cref="Nothing"/>.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public static unsafe int Receive(SafeSocketHandle socket, Span<byte> buffer, Span<byte> beyond, bool mayWait)
    {
        var flags = mayWait ? 0 : DoNotWait;
        if (beyond.IsEmpty) return Count(Receive(socket, ref MemoryMarshal.GetReference(buffer), buffer.Length, flags));
        fixed (byte* first = buffer, second = beyond)
        {
            var places = stackalloc Place[] { new Place((nint)first, buffer.Length), new Place((nint)second, beyond.Length) };
            var header = new Header { Places = places, Count = 2 };
            return Count(Receive(socket, ref header, flags));
        }
    }

    /// <summary>Waits until as much is there as <see cref="WakeAt"/> says, or the stream is at its end.</summary>
    /// <returns><see langword="false"/> if it was not within so many milliseconds.</returns>
    public static bool Wait(SafeSocketHandle socket, int milliseconds)
    {
        var isHeld = false;
        try
        {
            socket.DangerousAddRef(ref isHeld);
            var one = new Polled { Socket = (int)socket.DangerousGetHandle(), Events = Readable };
            return Poll(ref one, 1, milliseconds) != 0; // whatever else ends it: reading says what it was
        }
        finally
        {
            if (isHeld) socket.DangerousRelease();
        }
    }

    /// <summary>Has whoever waits woken only when so many bytes are there. The system may do so earlier: it has not room for any number.</summary>
    public static void WakeAt(SafeSocketHandle socket, int count) => _ = SetOption(socket, SocketLevel, LowWater, in count, sizeof(int));

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

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Receive(SafeSocketHandle socket, ref Header message, int flags);

    [LibraryImport("libc", EntryPoint = "poll"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref Polled sockets, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "setsockopt"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetOption(SafeSocketHandle socket, int level, int name, in int value, uint length);

    /// <summary>struct pollfd.</summary>
    private struct Polled
    {
        public int Socket;
        public short Events;
        public short Happened;
    }

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
