using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Comparisons.Dimse;

/// <summary>The least that sending objects can cost: a bare pair of sockets, blocking, writes of 128 KiB, a reader that takes the SHA-256 of each object and answers one byte.</summary>
internal static class Floor
{
    private const int Piece = 131_072;

    /// <summary>The process that reads: says its port, takes objects whose lengths it knows, as many as there are.</summary>
    public static int Read(string size, int count)
    {
        int[] lengths = [.. StoreObject.Make(size, Math.Min(count, 100)).Select(static o => o.DataSet.Length)];
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port);
        using var socket = listener.Accept();
        socket.NoDelay = true;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, bytes, sum, usage) = (new byte[Piece], 0L, 0UL, Usage.Now());
        Span<byte> digest = stackalloc byte[32];
        for (var i = 0; i < count; i++)
        {
            for (var rest = lengths[i % lengths.Length]; rest > 0;)
            {
                var received = socket.Receive(buffer.AsSpan(0, Math.Min(rest, Piece)));
                if (received == 0) throw new InvalidDataException("Closed too early.");
                hash.AppendData(buffer, 0, received);
                rest -= received;
                bytes += received;
            }

            hash.GetHashAndReset(digest);
            sum += BinaryPrimitives.ReadUInt64LittleEndian(digest);
            socket.Send(digest[..1]);
        }

        var used = usage.Since();
        Console.In.ReadLine();
        Console.WriteLine(new Figures(count, bytes, sum, used));
        return 0;
    }

    /// <summary>The process that writes.</summary>
    public static int Write(int port, string size, int count)
    {
        var objects = StoreObject.Make(size, Math.Min(count, 100));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        var (bytes, usage) = (0L, Usage.Now());
        Span<byte> answer = stackalloc byte[1];
        for (var i = 0; i < count; i++)
        {
            var rest = objects[i % objects.Length].DataSet.Span;
            bytes += rest.Length;
            for (; rest.Length > 0; rest = rest[Math.Min(rest.Length, Piece)..]) socket.Send(rest[..Math.Min(rest.Length, Piece)]);
            if (socket.Receive(answer) != 1) throw new InvalidDataException("No answer.");
        }

        Console.WriteLine(new Figures(count, bytes, 0, usage.Since()));
        return 0;
    }
}
