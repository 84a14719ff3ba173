using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A few threads that wait for many sockets, each of which wakes one of them once for each time that somebody waits (epoll with EPOLLONESHOT; Linux).</summary>
/// <remarks>
/// The framework's own queue is woken by each segment that comes, whether anybody waits or not, and hands it from thread to thread: for an object of
/// 526 KB some twenty times, and each thread of its pool looks around for more work before it sleeps. A socket that is watched here and is read while
/// data comes wakes nobody, and the thread that it wakes goes on where the wait ended; only the last one that is free hands it to the pool instead,
/// so whatever goes on there, and however long, there is always one that listens.
/// </remarks>
internal sealed partial class ReadinessQueue
{
    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC
    private const int AddSocket = 1, RemoveSocket = 2, ChangeSocket = 3; // EPOLL_CTL_ADD, _DEL, _MOD
    private const uint Readable = 0x001, Writable = 0x004, HungUp = 0x2000, Once = 0x40000000; // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLONESHOT
    private const int Interrupted = 4; // EINTR
    private const int MostWorkers = 8;
    private static readonly Lazy<ReadinessQueue?> LazyReads = new(static () => Create(Readable | HungUp));
    private static readonly Lazy<ReadinessQueue?> LazyWrites = new(static () => Create(Writable));

    // The kernel's epoll_event is 12 bytes on x86-64 and 16 elsewhere: events, padding, and 64 bits of the caller's.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 4 : 8;
    private readonly ConcurrentDictionary<long, Readiness> _watched = new();
    private readonly int _epoll;
    private readonly uint _events;
    private long _lastKey;
    private int _free;

    private ReadinessQueue(int epoll, uint events)
    {
        (_epoll, _events, _free) = (epoll, events, Math.Min(Environment.ProcessorCount, MostWorkers) + 1);
        for (var i = _free; i > 0; i--) new Thread(Run) { IsBackground = true, Name = "DICOM sockets" }.Start();
    }

    /// <summary>For reading; <see langword="null"/> where there is none.</summary>
    public static ReadinessQueue? Reads => LazyReads.Value;

    /// <summary>For writing; <see langword="null"/> where there is none.</summary>
    public static ReadinessQueue? Writes => LazyWrites.Value;

    /// <summary>Watches a socket, which wakes nobody yet.</summary>
    /// <exception cref="IOException">The system has no room for it.</exception>
    public long Add(Readiness watcher, SafeSocketHandle socket)
    {
        var key = Interlocked.Increment(ref _lastKey); // never given twice: what comes late for one that was removed finds nobody
        _watched[key] = watcher;
        // Errors are told of whether asked for or not: once, or a broken socket that nobody waits for would be told of without end.
        if (Control(AddSocket, socket, Once, key) == 0) return key;
        var error = Marshal.GetLastPInvokeError();
        _watched.TryRemove(key, out _);
        throw Failed(error);
    }

    /// <summary>Has a socket wake its watcher the next time that it is ready, or as soon as it is now.</summary>
    public void Arm(SafeSocketHandle socket, long key)
    {
        if (Control(ChangeSocket, socket, _events | Once, key) != 0) throw Failed(Marshal.GetLastPInvokeError());
    }

    /// <summary>Watches a socket no longer.</summary>
    public void Remove(SafeSocketHandle socket, long key)
    {
        _watched.TryRemove(key, out _);
        _ = Control(RemoveSocket, socket, 0, key);
    }

    private static ReadinessQueue? Create(uint events)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var epoll = EpollCreate(CloseOnExec);
        return epoll < 0 ? null : new ReadinessQueue(epoll, events); // no file descriptor left: the framework's way is slower, not wrong
    }

    private static IOException Failed(int error) => new("A socket cannot be watched.", new Win32Exception(error)); // what a broken connection throws, and is caught as

    private int Control(int operation, SafeSocketHandle socket, uint events, long key)
    {
        Span<byte> entry = stackalloc byte[16];
        MemoryMarshal.Write(entry, events);
        MemoryMarshal.Write(entry[DataOffset..], key);
        return EpollControl(_epoll, operation, (int)socket.DangerousGetHandle(), ref MemoryMarshal.GetReference(entry));
    }

    private void Run()
    {
        Span<byte> entry = stackalloc byte[16];
        while (true)
        {
            // One at a time: what a thread took with it would wait for it, while others have nothing to do.
            var count = EpollWait(_epoll, ref MemoryMarshal.GetReference(entry), 1, -1);
            if (count < 0 && Marshal.GetLastPInvokeError() != Interrupted) Environment.FailFast("epoll_wait failed.");
            if (count <= 0 || !_watched.TryGetValue(MemoryMarshal.Read<long>(entry[DataOffset..]), out var watcher)) continue;
            watcher.Signal(isHere: Interlocked.Decrement(ref _free) > 0);
            Interlocked.Increment(ref _free);
        }
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EpollControl(int epoll, int operation, int descriptor, ref byte entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EpollWait(int epoll, ref byte entries, int most, int timeout);
}
