using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Comparisons.Dimse;

/// <summary>The least that sending objects can cost: a bare pair of sockets, blocking, writes of 128 KiB, a reader that takes the SHA-256 of each object and answers one byte.</summary>
internal static class Floor
{
    private const int Piece = 131_072;

    /// <summary>The process that reads: says its port, takes objects that are so many bytes long each, until the writer closes.</summary>
    public static int Read(int length)
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port);
        using var socket = listener.Accept();
        socket.NoDelay = true;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, objects, sum, usage) = (new byte[Piece], 0L, 0UL, Usage.Now());
        Span<byte> digest = stackalloc byte[32];
        while (true)
        {
            for (var rest = length; rest > 0;)
            {
                var count = socket.Receive(buffer.AsSpan(0, Math.Min(rest, Piece)));
                if (count == 0 && rest == length)
                {
                    Console.In.ReadLine();
                    Console.WriteLine(new Figures(objects, objects * length, sum, usage.Since()));
                    return 0;
                }

                if (count == 0) throw new InvalidDataException("Closed inside an object.");
                hash.AppendData(buffer, 0, count);
                rest -= count;
            }

            hash.GetHashAndReset(digest);
            sum += BinaryPrimitives.ReadUInt64LittleEndian(digest);
            objects++;
            socket.Send(digest[..1]);
        }
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
            var rest = objects[i % objects.Length].DataSet.Span[..objects[0].DataSet.Length];
            bytes += rest.Length;
            for (; rest.Length > 0; rest = rest[Math.Min(rest.Length, Piece)..]) socket.Send(rest[..Math.Min(rest.Length, Piece)]);
            if (socket.Receive(answer) != 1) throw new InvalidDataException("No answer.");
        }

        Console.WriteLine(new Figures(count, bytes, 0, usage.Since()));
        return 0;
    }
}
